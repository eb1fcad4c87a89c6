import { VoicePrintsError } from '../../../core/errors.js';
import type { Credentials } from '../../../core/liveSource.js';
import { HttpAuthorization } from '../httpAuthorization.js';
import { lost, notFound, unauthorized, unreachable } from '../liveErrors.js';

/** Fetches the parts of one source. User and password go to the host of its address only, redirects included. */
export class HttpClient {
  readonly #origin: string;
  readonly #authorization: HttpAuthorization | undefined;

  /** Throws INPUT_INVALID. */
  constructor(url: string, credentials: Credentials | undefined) {
    if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
      throw new VoicePrintsError('INPUT_INVALID', 'the address is no http address; write it as http://host:port/path');
    }
    this.#origin = new URL(url).origin;
    this.#authorization = credentials && new HttpAuthorization(credentials);
  }

  /**
   * An answer with a body. Throws LIVE_UNREACHABLE, LIVE_UNAUTHORIZED, LIVE_NOT_FOUND, LIVE_LOST.
   *
   * @param range bytes wanted, as `Range` says it
   */
  async get(url: string, signal: AbortSignal, range?: string): Promise<Response> {
    for (;;) {
      const response = await this.#fetch(url, signal, range);
      if (response.ok && response.body) return response;
      await response.body?.cancel();
      const challenges = response.headers.get('www-authenticate');
      const isOwn = new URL(response.url || url).origin === this.#origin;
      if (response.status === 401 && isOwn && this.#authorization?.challenged(challenges ? [challenges] : [])) continue;
      throw failureOfStatus(response.status, this.#authorization !== undefined);
    }
  }

  #fetch(url: string, signal: AbortSignal, range: string | undefined): Promise<Response> {
    const { origin, pathname, search } = new URL(url);
    const authorization = origin === this.#origin ? this.#authorization?.header('GET', pathname + search) : undefined;
    const headers = { ...(authorization && { authorization }), ...(range && { range }) };
    return fetch(url, { headers, signal }).catch((cause) => {
      signal.throwIfAborted();
      throw unreachable('the server does not answer', cause);
    });
  }
}

function failureOfStatus(status: number, hasCredentials: boolean) {
  if (status === 401 || status === 403) return unauthorized(hasCredentials);
  if (status === 404 || status === 410) return notFound('the server has no such stream');
  return lost(`the server refuses with status ${status}`);
}

/** The bytes of an answer; LIVE_LOST where they break off. */
export async function* bodyOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* response.body!;
  } catch (cause) {
    signal.throwIfAborted();
    throw lost('the connection to the server broke', cause);
  }
}
