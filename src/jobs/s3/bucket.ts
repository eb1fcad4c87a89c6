import { createHash } from 'node:crypto';
import { AwsClient } from 'aws4fetch';
import { VoicePrintsError } from '../../core/errors.js';
import type { BucketPlace } from '../audioPlace.js';

/** An object of a bucket. */
export interface StoredObject {
  readonly name: string;
  readonly modifiedMs: number;
}

/** `body` is empty by default. */
interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
}

const TRIES = 4;
const FIRST_WAIT_MS = 100;
const TIMEOUT_MS = 60_000;
const PAGE = 1_000;

/** The few calls of the S3 protocol that we use. All of them throw REGISTRY_UNAVAILABLE. */
export class Bucket {
  readonly #place: BucketPlace;
  readonly #client: AwsClient;

  constructor(place: BucketPlace) {
    const { accessKeyId, secretAccessKey, sessionToken, region } = place;
    this.#place = place;
    const token = sessionToken === undefined ? {} : { sessionToken };
    const retries = { retries: TRIES - 1, initRetryMs: FIRST_WAIT_MS };
    this.#client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', ...token, ...retries });
  }

  async put(name: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#call({ method: 'PUT', path: name, body });
  }

  /** The bytes of an object as they arrive; undefined where there is none. */
  async get(name: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const answer = await this.#answer({ method: 'GET', path: name });
    if (answer.status === 404) {
      await answer.body?.cancel();
      return undefined;
    }
    return bytesOf(await succeeded(answer));
  }

  async delete(name: string): Promise<void> {
    const answer = await this.#answer({ method: 'DELETE', path: name });
    if (answer.status !== 404) await succeeded(answer);
    await answer.body?.cancel();
  }

  /** The id of a new upload in parts. */
  async startUpload(name: string): Promise<string> {
    const text = await this.#call({ method: 'POST', path: name, query: { uploads: '' } });
    const id = /<UploadId>([^<]+)<\/UploadId>/.exec(text)?.[1];
    if (id === undefined) throw unusable('its answer has no upload id');
    return plain(id);
  }

  /** The tag of the part, which is wanted in the end. `number` is counted from 1. */
  async putPart(name: string, uploadId: string, number: number, body: Uint8Array<ArrayBuffer>): Promise<string> {
    const query = { partNumber: String(number), uploadId };
    const answer = await succeeded(await this.#answer({ method: 'PUT', path: name, query, body }));
    await answer.text();
    return answer.headers.get('etag') ?? '';
  }

  async endUpload(name: string, uploadId: string, tags: readonly string[]): Promise<void> {
    const parts = tags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`);
    const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
    const text = await this.#call({ method: 'POST', path: name, query: { uploadId }, body });
    // The answer begins before the store is done: a failure comes with status 200.
    if (text.includes('<Error>')) throw unusable('it could not join the parts of a recording');
  }

  /** Forgets the parts of an upload; where that fails, the bucket's rule for incomplete uploads does. */
  async abortUpload(name: string, uploadId: string): Promise<void> {
    await this.#call({ method: 'DELETE', path: name, query: { uploadId } }).catch(() => undefined);
  }

  /** All objects below the prefix, with the time of the store. */
  async *list(): AsyncGenerator<StoredObject & { readonly nowMs: number }> {
    let token: string | undefined;
    do {
      const page: Readonly<Record<string, string>> = {
        'list-type': '2',
        prefix: this.#place.prefix,
        'max-keys': String(PAGE),
      };
      const query = token === undefined ? page : { ...page, 'continuation-token': token };
      const answer = await succeeded(await this.#answer({ method: 'GET', query }));
      const nowMs = Date.parse(answer.headers.get('date') ?? '') || Date.now();
      const text = await answer.text();
      for (const [, object = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
        const key = plain(/<Key>([^<]*)<\/Key>/.exec(object)?.[1] ?? '');
        const modifiedMs = Date.parse(/<LastModified>([^<]*)<\/LastModified>/.exec(object)?.[1] ?? '');
        yield { name: key.slice(this.#place.prefix.length), modifiedMs, nowMs };
      }
      const next = /<NextContinuationToken>([^<]+)<\/NextContinuationToken>/.exec(text)?.[1];
      token = next === undefined ? undefined : plain(next);
    } while (token !== undefined);
  }

  /** Whether it can be used at all. */
  async assertUsable(): Promise<void> {
    await this.#call({ method: 'GET', query: { 'list-type': '2', prefix: this.#place.prefix, 'max-keys': '1' } });
  }

  async #call(call: Call): Promise<string> {
    return (await succeeded(await this.#answer(call))).text();
  }

  async #answer({ method, path, query = {}, body = '' }: Call): Promise<Response> {
    const { url: bucket, prefix } = this.#place;
    const url = new URL(path === undefined ? `${bucket}/` : `${bucket}/${prefix}${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const headers = { 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') };
    const whole = body.length === 0 && method !== 'PUT' ? {} : { body };
    // The body of an answer takes as long as whoever reads it.
    const limit = method === 'GET' ? {} : { signal: AbortSignal.timeout(TIMEOUT_MS) };
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#client.fetch(url.href, { method, headers, ...whole, ...limit });
      } catch (cause) {
        if (attempt >= TRIES) throw unusable('it does not answer', cause);
        await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT_MS * 2 ** attempt));
      }
    }
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  amp: '&',
  '#34': '"',
  '#39': "'",
};
const plain = (text: string): string =>
  text.replace(/&([a-z]+|#\d+);/g, (whole, name: string) => ENTITIES[name] ?? whole);

async function succeeded(answer: Response): Promise<Response> {
  if (answer.ok) return answer;
  const text = await answer.text().catch(() => '');
  const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? `status ${answer.status}`;
  const isRefused = answer.status === 401 || answer.status === 403;
  throw unusable(isRefused ? `it refuses the credentials (${code})` : `it answers ${code}`);
}

async function* bytesOf({ body }: Response): AsyncGenerator<Uint8Array> {
  try {
    if (body) yield* body;
  } catch (cause) {
    throw unusable('the connection ended', cause);
  }
}

const unusable = (why: string, cause?: unknown) =>
  new VoicePrintsError(
    'REGISTRY_UNAVAILABLE',
    `the store of the audio of jobs cannot be used: ${why}; check VOICE_PRINTS_AUDIO_URL, the bucket and the credentials`,
    cause === undefined ? {} : { cause },
  );
