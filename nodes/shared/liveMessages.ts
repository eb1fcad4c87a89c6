import type { NodeMessage } from 'node-red';
import { type AudioFrame, VoicePrintsError } from '../../src/index.js';
import type { LiveAudio, StreamState } from '../../src/live.js';
import { type AudioChunk, AudioChunks } from './audioChunks.js';
import { isErrorCode } from './badge.js';

/** Which stream a message belongs to; the same in every message of it. */
export interface StreamLabel {
  /** Unique on this machine while the stream runs. */
  readonly streamId: string;
  /** What the user calls the source. */
  readonly source: string;
  /** Name of the place; a level of the topics of the identifying node. */
  readonly site?: string;
  /** Of a voice satellite: the address that sends. */
  readonly sender?: string;
  /** Of a telephone call. */
  readonly call?: object;
}

/** `msg.audio` of a message with live audio. */
export interface LiveDescription extends StreamLabel {
  readonly encoding: 's16le';
  readonly sampleRateHz: 16_000;
  readonly channels: 1;
  /** Of the first sample of the payload, from the stream's beginning. */
  readonly startSample: number;
  /** True where the source has telephone bandwidth. */
  readonly isNarrowBand?: boolean;
  /** ISO 8601 time of sample 0. */
  readonly startedAt?: string;
  /** The stream is over; the payload is empty. */
  readonly isEnd?: true;
}

/** A state on the second output: the fields of `StreamState` in the spelling of the events. */
export const statePayload = ({ status, code, message, retryInMs, attempt }: StreamState) => ({
  status,
  ...(code !== undefined && { code }),
  ...(message !== undefined && { message }),
  ...(retryInMs !== undefined && { retry_in_seconds: Math.round(retryInMs) / 1000 }),
  ...(attempt !== undefined && { attempt }),
});

/** The same read from a message; undefined where it is none. */
export function stateOf(payload: unknown): StreamState | undefined {
  if (typeof payload !== 'object' || payload === null || payload instanceof Uint8Array) return undefined;
  const { status, code, message, retry_in_seconds, attempt } = payload as Record<string, unknown>;
  const known = (['connecting', 'open', 'retrying', 'held', 'ended'] as const).find((word) => word === status);
  if (!known) return undefined;
  return {
    status: known,
    ...(isErrorCode(code) && { code }),
    ...(typeof message === 'string' && { message }),
    ...(typeof retry_in_seconds === 'number' && { retryInMs: 1000 * retry_in_seconds }),
    ...(typeof attempt === 'number' && { attempt }),
  };
}

/** What a running stream hands to its node: messages of the first output, and states. */
export interface StreamOutput {
  audio(msg: NodeMessage): void;
  state(state: StreamState): void;
  dropped(seconds: number): void;
}

/** Carries a stream into the flow until it ends; never throws: a failure is its last state. */
export async function carry(audio: LiveAudio, label: StreamLabel, out: StreamOutput, signal: AbortSignal) {
  const chunks = new AudioChunks();
  const describe = (startSample: number): LiveDescription => ({
    ...label,
    encoding: 's16le',
    sampleRateHz: 16_000,
    channels: 1,
    startSample,
    ...(audio.isNarrowBand !== undefined && { isNarrowBand: audio.isNarrowBand }),
    ...(audio.startedAtMs !== undefined && { startedAt: new Date(audio.startedAtMs).toISOString() }),
  });
  const send = ({ pcm, startSample }: AudioChunk) => out.audio(message(pcm, describe(startSample)));
  let last: StreamState | undefined;
  try {
    for await (const item of audio) {
      if (item.type === 'audio') for (const chunk of chunks.push(item.frame as AudioFrame)) send(chunk);
      else for (const chunk of chunks.flush()) send(chunk);
      if (item.type === 'dropped') out.dropped(item.samples / 16_000);
      if (item.type === 'state') {
        last = item.state;
        out.state(last);
      }
    }
  } catch (thrown) {
    last = failureState(thrown, signal);
    out.state(last);
  }
  for (const chunk of chunks.flush()) send(chunk);
  if (last?.status !== 'ended') out.state({ status: 'ended' });
  out.audio(message(Buffer.alloc(0), { ...describe(chunks.nextSample), isEnd: true }));
}

const message = (payload: Buffer, audio: LiveDescription): NodeMessage => ({ payload, audio }) as NodeMessage;

function failureState(thrown: unknown, signal: AbortSignal): StreamState {
  if (signal.aborted) return { status: 'ended' };
  if (thrown instanceof VoicePrintsError) return { status: 'ended', code: thrown.code, message: thrown.message };
  return { status: 'ended', code: 'INTERNAL', message: 'the source failed unexpectedly; start it again' };
}
