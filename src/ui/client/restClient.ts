import { type CallsOptions, callsOf } from './calls.js';
import { openSocketStream } from './socketStream.js';
import type { IdentifyChoice, StreamOptions, VoicesClient } from './voicesClient.js';

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
    rename: (speakerId, name) => json('PATCH', personAt(speakerId), { name }),
    erase: (speakerId) => call('DELETE', personAt(speakerId)),
    addSample: (speakerId, recording, details) =>
      audio(`${personAt(speakerId)}/samples?${queryOf(details)}`, recording),
    trySample: (speakerId, recording) => audio(`${personAt(speakerId)}/samples?isTrial=true`, recording),
    unknownVoices: () => call('GET', 'unknown-voices'),
    forget: (unknownId) => call('DELETE', `unknown-voices/${encodeURIComponent(unknownId)}`),
    identify: (recording, choice = {}, signal) => audio(`identify?${identifyQuery(choice)}`, recording, signal),
    turns: async (query = {}) => (await call<{ turns: never }>('GET', `turns?${queryOf(query)}`)).turns,
    feedback: (request) => json('POST', 'feedback', request),
    feedbackHistory: async () => (await call<{ feedback: never }>('GET', 'feedback')).feedback,
    undo: (feedbackId) => json('POST', `feedback/${encodeURIComponent(feedbackId)}/undo`, {}),
    samples: async (speakerId) => (await call<{ samples: never }>('GET', `${personAt(speakerId)}/samples`)).samples,
    removeSample: (speakerId, sampleId) =>
      call('DELETE', `${personAt(speakerId)}/samples/${encodeURIComponent(sampleId)}`),
    merge: (speakerId, fromId, isSure) => json('POST', `${personAt(speakerId)}/merge`, { fromId, isSure }),
    split: (speakerId, request) => json('POST', `${personAt(speakerId)}/split`, request),
    sources: async () => (await call<{ sources: never }>('GET', 'sources')).sources,
    ...(hasStreams && {
      openStream: (stream: StreamOptions) => openSocketStream({ ...stream, base: options.base, apiKey: streamKey?.() }),
    }),
  };
}

const personAt = (speakerId: string): string => `speakers/${encodeURIComponent(speakerId)}`;

/** What is given, as a query. */
function queryOf(fields: object): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '' && value !== false);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

const identifyQuery = ({ isSpeakerPerChannel, ...choice }: IdentifyChoice): string =>
  queryOf({ ...choice, separateSpeakerPerChannel: isSpeakerPerChannel });
