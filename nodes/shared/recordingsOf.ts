import { basename, isAbsolute, resolve } from 'node:path';
import type { NodeAPI } from 'node-red';
import { decodeBase64 } from '../../src/api/calls/base64.js';
import { type RawFormat, type RecordingSource, VoicePrintsError } from '../../src/index.js';

/** What `msg.audio` says of the audio beside it; all of it optional. */
export interface AudioDescription {
  readonly filename?: string;
  readonly bytes?: number;
  readonly encoding?: RawFormat['encoding'];
  readonly sampleRateHz?: number;
  readonly channels?: number;
}

/** A recording that stays on disk: what travels on wires instead of its bytes. */
export interface RecordingReference {
  readonly path: string;
}

export interface ReadingOptions {
  /** Where relative paths begin; Node-RED's `fileWorkingDirectory`. */
  readonly workingDirectory?: string | undefined;
  /** How messages call the property, for errors. */
  readonly property: string;
}

/** Where relative paths begin, as for the core file nodes; a setting that the type definitions do not know. */
export const workingDirectoryOf = (RED: NodeAPI): string | undefined =>
  (RED.settings as { readonly fileWorkingDirectory?: string }).fileWorkingDirectory;

/**
 * The recordings in a message property: a Buffer, a path, `{path}`, an upload, PCM samples, or a list of these.
 * `description` is `msg.audio`: one object, or a list beside a list of recordings.
 */
export function recordingsOf(value: unknown, description: unknown, options: ReadingOptions): RecordingSource[] {
  if (Array.isArray(value)) {
    if (value.length === 0) throw noAudio(options.property);
    return value.map((item, index) => recordingOf(item, describe(description, index), options));
  }
  return [recordingOf(value, describe(description, 0), options)];
}

/** Reads `msg.audio`, which any node may have written: what does not fit is left out. */
export function describe(description: unknown, index: number): AudioDescription {
  const given: unknown = Array.isArray(description) ? description[index] : description;
  if (typeof given !== 'object' || given === null) return {};
  const { filename, encoding, sampleRateHz, channels } = given as Record<string, unknown>;
  return {
    ...(typeof filename === 'string' && { filename }),
    ...((encoding === 's16le' || encoding === 'mulaw' || encoding === 'alaw') && { encoding }),
    ...(typeof sampleRateHz === 'number' && { sampleRateHz }),
    ...(typeof channels === 'number' && { channels }),
  };
}

function recordingOf(value: unknown, description: AudioDescription, options: ReadingOptions): RecordingSource {
  const about = {
    ...(description.filename !== undefined && { label: basename(description.filename) }),
    ...rawFormatOf(description),
  };
  if (typeof value === 'string' && value !== '' && !value.startsWith('data:')) {
    return { kind: 'file', label: basename(value), ...about, path: located(value, options) };
  }
  const path = (value as Partial<RecordingReference> | null | undefined)?.path;
  if (typeof path === 'string' && path !== '') {
    return { kind: 'file', label: basename(path), ...about, path: located(path, options) };
  }
  const upload = uploadOf(value);
  if (upload) return { kind: 'bytes', bytes: upload.bytes, ...(upload.label && { label: upload.label }), ...about };
  const bytes = bytesOf(value, description);
  if (bytes) return { kind: 'bytes', bytes, ...about };
  throw noAudio(options.property);
}

/** The bytes of what is audio in itself: Buffer, data URL, samples, a Buffer that went through JSON; else undefined. */
export function bytesOf(value: unknown, description: AudioDescription): Uint8Array | undefined {
  if (value instanceof Float32Array) return pcmOf(value, description);
  if (value instanceof Int16Array) {
    requireRate(description);
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (typeof value === 'string' && value.startsWith('data:')) return decodeBase64(value);
  const json = value as { type?: unknown; data?: unknown } | null | undefined;
  if (json?.type === 'Buffer' && Array.isArray(json.data)) return Buffer.from(json.data as number[]);
  return undefined;
}

/** A file that came with a form: `msg.req.files[]` of `http in`. */
export function uploadOf(value: unknown): { readonly bytes: Uint8Array; readonly label: string } | undefined {
  const file = value as { buffer?: unknown; originalname?: unknown } | null | undefined;
  if (!(file?.buffer instanceof Uint8Array) || value instanceof Uint8Array) return undefined;
  return { bytes: file.buffer, label: typeof file.originalname === 'string' ? file.originalname : '' };
}

function rawFormatOf({ encoding, sampleRateHz, channels = 1 }: AudioDescription): { rawFormat?: RawFormat } {
  return encoding === undefined || sampleRateHz === undefined
    ? {}
    : { rawFormat: { encoding, sampleRateHz, channels } };
}

function pcmOf(samples: Float32Array, description: AudioDescription): Uint8Array {
  requireRate(description);
  const pcm = Buffer.alloc(samples.length * 2);
  samples.forEach((sample, index) => {
    pcm.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), index * 2);
  });
  return pcm;
}

function requireRate({ encoding, sampleRateHz }: AudioDescription): void {
  if (encoding === 's16le' && sampleRateHz !== undefined) return;
  throw new VoicePrintsError(
    'AUDIO_FORMAT_MISSING',
    "samples say nothing of their rate; set msg.audio to {encoding: 's16le', sampleRateHz, channels}",
  );
}

const located = (path: string, { workingDirectory }: ReadingOptions): string =>
  isAbsolute(path) || !workingDirectory ? path : resolve(workingDirectory, path);

const noAudio = (property: string) =>
  new VoicePrintsError(
    'INPUT_INVALID',
    `there is no audio in ${property}; send a Buffer, the path of a file, or a list of these`,
  );
