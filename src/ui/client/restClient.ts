import type { SampleReason } from '../../core/identification.js';
import { Refused } from './refused.js';
import { openSocketStream } from './socketStream.js';
import type { SampleDetails, StreamOptions, VoicesClient } from './voicesClient.js';

export interface RestClientOptions {
  /** Address of the calls without `/v1`, e.g. `https://voices.example` or a path of this origin; no slash at its end. */
  readonly base: string;
  /** Headers that authenticate a call, asked for with each. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** Key for the first message of a live stream; undefined where the way there has authenticated the user. */
  readonly streamKey?: () => string | undefined;
  /** False where there is no WebSocket below the address. */
  readonly hasStreams?: boolean;
}

/** The calls of `/v1` as the components use them. */
export function restClient({ base, headers, streamKey, hasStreams = true }: RestClientOptions): VoicesClient {
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
  const json = (method: string, path: string, fields: object) =>
    call<never>(method, path, { body: JSON.stringify(fields), type: 'application/json' });
  const audioType = 'application/octet-stream'; // the format is recognised from the bytes
  return {
    session: () => call('GET', 'session'),
    people: async () => (await call<{ speakers: never }>('GET', 'speakers')).speakers,
    rename: (speakerId, name) => json('PATCH', `speakers/${encodeURIComponent(speakerId)}`, { name }),
    erase: (speakerId) => call('DELETE', `speakers/${encodeURIComponent(speakerId)}`),
    addSample: (speakerId, body, details) =>
      call('POST', `speakers/${encodeURIComponent(speakerId)}/samples?${queryOf(details)}`, { body, type: audioType }),
    unknownVoices: () => call('GET', 'unknown-voices'),
    forget: (unknownId) => call('DELETE', `unknown-voices/${encodeURIComponent(unknownId)}`),
    identify: (body, signal) => call('POST', 'identify', { body, type: audioType, signal }),
    sources: async () => (await call<{ sources: never }>('GET', 'sources')).sources,
    jobs: (cursor) => call('GET', cursor === undefined ? 'jobs' : `jobs?cursor=${encodeURIComponent(cursor)}`),
    submitJob: (body) => call('POST', 'jobs?kind=identify', { body, type: audioType }),
    cancelJob: (requestId) => call('DELETE', `jobs/${encodeURIComponent(requestId)}`),
    ...(hasStreams && {
      openStream: (options: StreamOptions) => openSocketStream({ ...options, base, apiKey: streamKey?.() }),
    }),
  };
}

interface Sent {
  readonly body?: BodyInit | undefined;
  readonly type?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const queryOf = (details: SampleDetails): string =>
  new URLSearchParams(Object.entries(details).filter(([, value]) => value !== undefined && value !== '')).toString();

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
