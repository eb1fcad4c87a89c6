import { type CallsOptions, callsOf } from './calls.js';
import { openSocketStream } from './socketStream.js';
import type { SampleDetails, StreamOptions, VoicesClient } from './voicesClient.js';

export interface RestClientOptions extends CallsOptions {
  /** Key for the first message of a live stream; undefined where the way there has authenticated the user. */
  readonly streamKey?: () => string | undefined;
  /** False where there is no WebSocket below the address. */
  readonly hasStreams?: boolean;
}

/** The calls of `/v1` as the components use them. */
export function restClient({ streamKey, hasStreams = true, ...options }: RestClientOptions): VoicesClient {
  const { call, json, audio } = callsOf(options);
  return {
    session: () => call('GET', 'session'),
    people: async () => (await call<{ speakers: never }>('GET', 'speakers')).speakers,
    rename: (speakerId, name) => json('PATCH', `speakers/${encodeURIComponent(speakerId)}`, { name }),
    erase: (speakerId) => call('DELETE', `speakers/${encodeURIComponent(speakerId)}`),
    addSample: (speakerId, recording, details) =>
      audio(`speakers/${encodeURIComponent(speakerId)}/samples?${queryOf(details)}`, recording),
    unknownVoices: () => call('GET', 'unknown-voices'),
    forget: (unknownId) => call('DELETE', `unknown-voices/${encodeURIComponent(unknownId)}`),
    identify: (recording, signal) => audio('identify', recording, signal),
    sources: async () => (await call<{ sources: never }>('GET', 'sources')).sources,
    ...(hasStreams && {
      openStream: (stream: StreamOptions) => openSocketStream({ ...stream, base: options.base, apiKey: streamKey?.() }),
    }),
  };
}

const queryOf = (details: SampleDetails): string =>
  new URLSearchParams(Object.entries(details).filter(([, value]) => value !== undefined && value !== '')).toString();
