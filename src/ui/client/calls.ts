import type { SampleReason } from '../../core/identification.js';
import { Refused } from './refused.js';

export interface CallsOptions {
  /** Address of the calls without `/v1`, e.g. `https://voices.example` or a path of this origin; no slash at its end. */
  readonly base: string;
  /** Headers that authenticate a call, asked for with each. */
  readonly headers: () => Readonly<Record<string, string>>;
}

interface Sent {
  readonly body?: BodyInit | undefined;
  readonly type?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Calls below `/v1`. All throw Refused. */
export function callsOf({ base, headers }: CallsOptions) {
  const call = async <T>(method: string, path: string, { body, type, signal }: Sent = {}): Promise<T> => {
    const answer = await fetch(`${base}/v1/${path}`, {
      method,
      headers: { ...headers(), ...(type && { 'content-type': type }) },
      credentials: 'same-origin',
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
    }).catch((error: unknown) => {
      throw new Refused(0, signal?.aborted ? 'ABORTED' : 'UNREACHABLE', (error as Error).message);
    });
    if (!answer.ok) throw await refusalIn(answer);
    return (answer.status === 204 ? undefined : await answer.json()) as T;
  };
  return {
    call,
    json: <T>(method: string, path: string, fields: object) =>
      call<T>(method, path, { body: JSON.stringify(fields), type: 'application/json' }),
    /** The format is recognised from the bytes. */
    audio: <T>(path: string, body: Blob, signal?: AbortSignal) =>
      call<T>('POST', path, { body, type: 'application/octet-stream', signal }),
  };
}

/** A problem document, or whatever stands between us and the server. */
async function refusalIn(answer: Response): Promise<Refused> {
  const problem = (await answer.json().catch(() => ({}))) as {
    readonly code?: string;
    readonly detail?: string;
    readonly reasons?: readonly SampleReason[];
  };
  const { code = 'FAILED', detail = `${answer.status} ${answer.statusText}`, reasons } = problem;
  return new Refused(answer.status, code, detail, reasons);
}
