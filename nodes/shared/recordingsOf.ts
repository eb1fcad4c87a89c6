import { basename, isAbsolute, resolve } from 'node:path';
import { types } from 'node:util';
import type { NodeAPI } from 'node-red';
import { decodeBase64 } from '../../src/api/calls/base64.js';
import { RAW_ENCODINGS, type RawFormat, type RecordingSource, VoicePrintsError } from '../../src/index.js';

/** Description of the audio in `msg.audio`; all fields are optional. */
export interface AudioDescription {
  readonly filename?: string;
  readonly bytes?: number;
  readonly encoding?: RawFormat['encoding'];
  readonly sampleRateHz?: number;
  readonly channels?: number;
  /** The only audio track to use, from 1. */
  readonly track?: number;
  /** The only channel to use, from 1. */
  readonly channel?: number;
}

/** Marks references that a node of this package made. Wires keep it; JSON from outside cannot carry it. */
const OWN = Symbol.for('voice-prints.recording');

/** A recording that stays on disk: what travels on wires instead of its bytes. */
export interface RecordingReference {
  readonly path: string;
  readonly [OWN]?: true;
}

/** A reference that other nodes of this package follow, whatever they allow messages to name. */
export const referenceTo = (path: string): RecordingReference => ({ path, [OWN]: true });

export interface ReadingOptions {
  /** Where relative paths begin; Node-RED's `fileWorkingDirectory`. */
  readonly workingDirectory?: string | undefined;
  /** How messages call the property, for errors. */
  readonly property: string;
  /** Whether text and `{path}` name files on this machine. Messages may come from anyone. */
  readonly isPath: boolean;
}

/** What of a message is read beside the property with the audio. */
interface AudioMessage {
  /** A description, or a list of them beside a list of recordings. */
  readonly audio?: unknown;
  /** Of `http in`, with the files of a form. */
  readonly req?: unknown;
}

/** Where relative paths begin, as for the core file nodes; a setting that the type definitions do not know. */
export const workingDirectoryOf = (RED: NodeAPI): string | undefined =>
  (RED.settings as { readonly fileWorkingDirectory?: string }).fileWorkingDirectory;

/**
 * The recordings in a message property: bytes, base64, an upload, samples, a reference, a path where the node allows it, or
 * a list of these; the files of a form where the property holds no audio. Throws INPUT_INVALID, AUDIO_FORMAT_MISSING.
 */
export function recordingsOf(value: unknown, message: object, options: ReadingOptions): RecordingSource[] {
  const { audio } = message as AudioMessage;
  const uploads = uploadsOf(message);
  const given = uploads.length > 0 && !isAudio(value) ? uploads : value;
  if (!Array.isArray(given)) return [recordingOf(given, describe(audio, 0), options)];
  if (given.length === 0) throw noAudio(options.property);
  if (given.every((item) => typeof item === 'number')) throw numbers(options.property);
  return given.map((item, index) => recordingOf(item, describe(audio, index), options));
}

/** Reads `msg.audio`, which any node may have written: what does not fit is left out. */
export function describe(description: unknown, index: number): AudioDescription {
  const given: unknown = Array.isArray(description) ? description[index] : description;
  if (typeof given !== 'object' || given === null) return {};
  const { filename, encoding, sampleRateHz, channels, track, channel } = given as Record<string, unknown>;
  const known = RAW_ENCODINGS.find((one) => one === encoding);
  return {
    ...(typeof filename === 'string' && { filename }),
    ...(known && { encoding: known }),
    ...(typeof sampleRateHz === 'number' && { sampleRateHz }),
    ...(typeof channels === 'number' && { channels }),
    ...(isOrdinal(track) && { track }),
    ...(isOrdinal(channel) && { channel }),
  };
}

/** The same, with the format implied by the kind of array: samples become 16-bit PCM. */
export const describeAs = (value: unknown, description: AudioDescription): AudioDescription =>
  isSamples(value) ? { ...description, encoding: 's16le' } : description;

const isOrdinal = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0;

function recordingOf(value: unknown, description: AudioDescription, options: ReadingOptions): RecordingSource {
  const { track, channel, filename } = description;
  const about = {
    ...(filename !== undefined && { label: basename(filename) }),
    ...rawFormatOf(describeAs(value, description)),
    ...(track && { track }),
    ...(channel && { channel }),
  };
  const path = pathOf(value, options);
  if (path !== undefined) return { kind: 'file', label: basename(path), ...about, path: located(path, options) };
  const upload = uploadOf(value);
  if (upload) return { kind: 'bytes', bytes: upload.bytes, ...(upload.label && { label: upload.label }), ...about };
  const bytes = bytesOf(value, description) ?? bytesOfText(value, options.property);
  if (bytes) return { kind: 'bytes', bytes, ...about };
  if (typeof value === 'string' && value !== '') throw onlyText(options.property);
  if (typeof (value as Partial<RecordingReference> | null | undefined)?.path === 'string') {
    throw onlyText(options.property);
  }
  throw noAudio(options.property);
}

/** The path that a value names, where it may. */
function pathOf(value: unknown, { isPath, property }: ReadingOptions): string | undefined {
  if (typeof value === 'string') {
    return isPath && value !== '' && bytesOfText(value, property) === undefined ? value : undefined;
  }
  const reference = value as Partial<RecordingReference> | null | undefined;
  const path = reference?.path;
  const isFollowed = typeof path === 'string' && path !== '' && (isPath || reference?.[OWN] === true);
  return isFollowed ? path : undefined;
}

/** Base64 shorter than this is no recording, and might be a path. */
const LEAST_BASE64 = 256;

/**
 * The bytes in base64 or a data URL; undefined for other text. Throws INPUT_INVALID where text shows what went wrong in
 * front of this node: it is a recording that was read as text, or an address.
 */
export function bytesOfText(value: unknown, property: string): Uint8Array | undefined {
  if (typeof value !== 'string') return undefined;
  if (value.startsWith('data:')) return decodeBase64(value);
  const head = value.slice(0, 4_096);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they distinguish a recording from text
  if (/[\x00-\x08\ufffd]/.test(head)) {
    throw new VoicePrintsError(
      'INPUT_INVALID',
      `${property} is a recording that was read as text, which destroys it; let the previous node send bytes: ` +
        'in "file in" choose the output "a single Buffer object", in "http request" the return "a binary buffer"',
    );
  }
  if (/^https?:\/\//i.test(head)) {
    throw new VoicePrintsError(
      'INPUT_INVALID',
      `${property} is an address; put an "http request" node in front of this one that returns "a binary buffer"`,
    );
  }
  if (/^(?:rtsps?|rtp|sips?):/i.test(head)) {
    throw new VoicePrintsError(
      'INPUT_INVALID',
      `${property} is the address of a stream; an audio source node opens it`,
    );
  }
  if (value.length < LEAST_BASE64 || !/^[\w+/-]{64}/.test(head.trimStart())) return undefined;
  try {
    return decodeBase64(value.trim());
  } catch {
    return undefined; // other text
  }
}

/** The bytes of a value that is audio: Buffer, data URL, samples, a Buffer that went through JSON; else undefined. */
export function bytesOf(value: unknown, description: AudioDescription): Uint8Array | undefined {
  // Arrays of function nodes are of another realm: instanceof does not know them.
  if (types.isFloat32Array(value) || types.isFloat64Array(value)) return pcmOf(value, description);
  if (types.isInt16Array(value)) {
    requireRate(description);
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  if (types.isUint8Array(value) || types.isUint8ClampedArray(value) || types.isDataView(value)) {
    return value instanceof Uint8Array ? value : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  if (types.isAnyArrayBuffer(value)) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) throw unknownSamples();
  if (typeof value === 'string' && value.startsWith('data:')) return decodeBase64(value);
  const json = value as { type?: unknown; data?: unknown } | null | undefined;
  if (json?.type === 'Buffer' && Array.isArray(json.data)) return Buffer.from(json.data as number[]);
  return undefined;
}

/** Whether a value is samples, which have no rate. */
const isSamples = (value: unknown): boolean =>
  types.isFloat32Array(value) || types.isFloat64Array(value) || types.isInt16Array(value);

/** A file that came with a form: `msg.req.files[]` of `http in`. */
export function uploadOf(value: unknown): { readonly bytes: Uint8Array; readonly label: string } | undefined {
  const file = value as { buffer?: unknown; originalname?: unknown } | null | undefined;
  if (ArrayBuffer.isView(value) || !types.isUint8Array(file?.buffer)) return undefined;
  return { bytes: file.buffer, label: typeof file.originalname === 'string' ? file.originalname : '' };
}

/** Files of a form: what `http in` leaves in the request when it accepts uploads. */
export function uploadsOf(message: object): readonly unknown[] {
  const { req } = message as AudioMessage;
  const files = (req as { files?: unknown } | undefined)?.files;
  return Array.isArray(files) ? files : [];
}

/** Whether a value may be audio in itself; with a form the payload is its other fields. */
function isAudio(value: unknown): boolean {
  if (typeof value === 'string') return value !== '';
  if (Array.isArray(value)) return value.length > 0;
  const { path, type } = (value ?? {}) as { path?: unknown; type?: unknown };
  return ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value) || typeof path === 'string' || type === 'Buffer';
}

function rawFormatOf({ encoding, sampleRateHz, channels = 1 }: AudioDescription): { rawFormat?: RawFormat } {
  return encoding === undefined || sampleRateHz === undefined
    ? {}
    : { rawFormat: { encoding, sampleRateHz, channels } };
}

function pcmOf(samples: Float32Array | Float64Array, description: AudioDescription): Uint8Array {
  requireRate(description);
  const pcm = Buffer.alloc(samples.length * 2);
  let sum = 0;
  samples.forEach((sample, index) => {
    sum += Math.abs(sample || 0);
    pcm.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample || 0)) * 32_767), index * 2);
  });
  if (sum <= samples.length) return pcm;
  throw new VoicePrintsError(
    'INPUT_INVALID',
    'samples of a Float32Array must lie between -1 and 1; divide 16-bit values by 32768, or send them as an Int16Array',
  );
}

function requireRate({ sampleRateHz }: AudioDescription): void {
  if (sampleRateHz !== undefined) return;
  throw new VoicePrintsError(
    'AUDIO_FORMAT_MISSING',
    'the sample rate of these samples is missing; set msg.audio to {sampleRateHz, channels}, for example {sampleRateHz: 16000}',
  );
}

const located = (path: string, { workingDirectory }: ReadingOptions): string =>
  isAbsolute(path) || !workingDirectory ? path : resolve(workingDirectory, path);

const noAudio = (property: string) =>
  new VoicePrintsError(
    'INPUT_INVALID',
    `there is no audio in ${property}; send a Buffer, base64, an upload, a reference of an audio source, or a list of these`,
  );

const onlyText = (property: string) =>
  new VoicePrintsError(
    'INPUT_INVALID',
    `${property} names a file, which this node does not allow messages to do; tick "Text is the path of a file" ` +
      'in this node if only trusted messages reach it, read the file with an audio source, or send a Buffer, base64 or an upload',
  );

const numbers = (property: string) =>
  new VoicePrintsError(
    'INPUT_INVALID',
    `${property} is a list of numbers; send samples as a Float32Array or Int16Array, bytes as a Buffer: Buffer.from(list)`,
  );

const unknownSamples = () =>
  new VoicePrintsError(
    'INPUT_INVALID',
    'samples in an array of this kind are not read; send a Float32Array (-1 to 1), an Int16Array, or the bytes as a Buffer',
  );
