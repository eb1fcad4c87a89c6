import type { RecordingSource } from '../../src/core/recording.js';
import type { Engine } from '../../src/engine/engine.js';
import type { ChunkSession } from '../../src/engine/requests/chunkSession.js';
import type { EnrollRequest } from '../../src/engine/requests/enrollRequest.js';
import type { IdentifyRequest } from '../../src/engine/requests/recordingRequests.js';
import type { SpeakerDirectory } from '../../src/engine/requests/speakers.js';
import type { TurnDirectory } from '../../src/engine/requests/turns.js';

/** What a test lets the engine do, for states that real speech cannot bring about: faults, delays, floods. */
export interface Script {
  enroll?: Engine['enroll'];
  identify?: Engine['identify'];
  directory?: Partial<SpeakerDirectory>;
  turns?: Partial<TurnDirectory>;
  watch?: Engine['watch'];
  identifyChunks?: Engine['identifyChunks'];
  detectSpeech?: Engine['detectSpeech'];
  storeDirectory?: string;
}

const unscriptedWatch: Engine['watch'] = () => {
  throw new Error('the test did not script this call');
};
const unscripted = () => Promise.reject(new Error('the test did not script this call'));

/** A stream of chunks, each of them answered as the test says. */
export const chunksAs =
  (identify: ChunkSession['identify']): Engine['identifyChunks'] =>
  () => ({ identify, finish: async () => undefined });

export function scriptedEngine({
  enroll = unscripted,
  identify = unscripted,
  directory = {},
  turns = {},
  watch = unscriptedWatch,
  identifyChunks = chunksAs(unscripted),
  detectSpeech = unscripted,
  storeDirectory = '',
}: Script): Engine {
  return {
    enroll,
    identify,
    tryModels: unscripted,
    identifyChunks,
    acceptScore: () => 0.5,
    liveBusyMs: 0,
    onErased: () => () => undefined,
    watch,
    diarize: unscripted,
    detectSpeech,
    speakers: () => directory as SpeakerDirectory,
    turns: () => turns as TurnDirectory,
    storeDirectory,
    place: { storeDirectory },
    strangers: 'session',
    isConsentRequired: false,
    model: undefined as never,
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Reads the audio of a request as a real engine would. */
export async function bytesOf(source: RecordingSource): Promise<Buffer> {
  if (source.kind === 'bytes') return Buffer.from(source.bytes);
  if (source.kind === 'file') throw new Error('a server never reads its own files');
  const pieces: Uint8Array[] = [];
  for await (const piece of source.stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** An engine that accepts every sample and hears one unknown voice; `heard` collects what reached it. */
export function listeningEngine() {
  const heard: { request: EnrollRequest | IdentifyRequest; bytes: Buffer }[] = [];
  const engine = scriptedEngine({
    enroll: async (request) => {
      heard.push({ request, bytes: await bytesOf(request.samples[0]!) });
      const { speakerId } = request;
      const told = { speechSeconds: 7.5, audioSeconds: 9, quality: 'good', reasons: [], samples: [] } as const;
      return { speakerId, name: speakerId, status: 'accepted', ...told };
    },
    identify: async (request) => {
      heard.push({ request, bytes: await bytesOf(request.source) });
      return { durationSeconds: 3, model: 'scripted', segments: [], warnings: [] };
    },
    directory: { list: async () => [], get: async () => undefined, delete: async () => false },
  });
  return { engine, heard };
}
