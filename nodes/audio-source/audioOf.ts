import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { NodeMessageInFlow } from 'node-red';
import { decodeBase64 } from '../../src/api/calls/base64.js';
import { VoicePrintsError } from '../../src/index.js';
import {
  type AudioDescription,
  bytesOf,
  bytesOfText,
  describe,
  describeAs,
  type RecordingReference,
  referenceTo,
  uploadOf,
  uploadsOf,
} from '../shared/recordingsOf.js';
import type { AudioSettings } from './audioSettings.js';

/** One recording as it goes out: `payload` and `msg.audio`. */
export interface Audio {
  readonly payload: Buffer | RecordingReference;
  readonly description: AudioDescription;
}

/** A file larger than this travels as a reference only: wires copy what they carry. */
const MAX_FILE_IN_MESSAGE_BYTES = 256 * 2 ** 20;

/** Files that exist and can be read. Throws FILE_NOT_FOUND, FILE_UNREADABLE, AUDIO_TOO_LARGE, INPUT_INVALID. */
export async function audioOfFiles(
  paths: unknown,
  settings: AudioSettings,
  workingDirectory: string | undefined,
): Promise<readonly Audio[]> {
  const given = (Array.isArray(paths) ? paths : [paths]).map((path: unknown) => {
    if (typeof path === 'string' && path.trim() !== '') return path.trim();
    throw new VoicePrintsError('INPUT_INVALID', 'there is no file name; enter the path of a recording in this node');
  });
  return Promise.all(given.map((path) => audioOfFile(absolute(path, workingDirectory), settings)));
}

async function audioOfFile(path: string, settings: AudioSettings): Promise<Audio> {
  const bytes = await sizeOf(path);
  const description = { filename: basename(path), bytes, ...rawDescription(settings) };
  if (settings.emits === 'reference') return { payload: referenceTo(path), description };
  if (bytes > MAX_FILE_IN_MESSAGE_BYTES) {
    throw new VoicePrintsError(
      'AUDIO_TOO_LARGE',
      'the file is over 256 MiB, too large for a message; let this node send a reference to it',
      { details: { bytes } },
    );
  }
  return { payload: await readFile(path), description };
}

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found.size;
  } catch (cause) {
    const isAbsent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw isAbsent
      ? new VoicePrintsError(
          'FILE_NOT_FOUND',
          `there is no file ${path}; check the path, as seen by the Node-RED host`,
          {
            cause,
          },
        )
      : new VoicePrintsError('FILE_UNREADABLE', `${path} cannot be read; check the rights of the Node-RED user`, {
          cause,
        });
  }
  throw new VoicePrintsError('FILE_UNREADABLE', `${path} is a folder or a device; enter the path of a recording`);
}

/**
 * The bytes that other nodes sent. Text is never used as a path here, so that this node is safe for what
 * comes from outside. Throws INPUT_INVALID, AUDIO_BASE64_INVALID, AUDIO_FORMAT_MISSING.
 */
export function audioOfMessage(
  value: unknown,
  msg: NodeMessageInFlow,
  settings: AudioSettings,
  property: string,
): readonly Audio[] {
  const uploads = uploadsOf(msg);
  const isForm = uploads.length > 0 && bytesOf(value, {}) === undefined && !Array.isArray(value);
  const items: readonly unknown[] = isForm ? uploads : Array.isArray(value) ? value : [value];
  if (items.length === 0) throw noAudio(property);
  return items.map((item, index) => audioOfItem(item, index, msg, settings, property));
}

function audioOfItem(
  item: unknown,
  index: number,
  msg: NodeMessageInFlow,
  settings: AudioSettings,
  property: string,
): Audio {
  const upload = uploadOf(item);
  const known = describeAs(item, { ...describe(msg.audio, index), ...rawDescription(settings) });
  const bytes = upload?.bytes ?? bytesOf(item, known) ?? textBytes(item, settings) ?? bytesOfText(item, property);
  if (!bytes) throw noAudio(property);
  const filename = upload?.label || known.filename || fileNameOf(msg);
  return {
    payload: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), // a view, not a copy
    description: { ...(filename && { filename: basename(filename) }), bytes: bytes.byteLength, ...formatOf(known) },
  };
}

const formatOf = ({ encoding, sampleRateHz, channels, track, channel }: AudioDescription): AudioDescription => ({
  ...(encoding && { encoding }),
  ...(sampleRateHz && { sampleRateHz }),
  ...(channels && { channels }),
  ...(track && { track }),
  ...(channel && { channel }),
});

function textBytes(item: unknown, settings: AudioSettings): Uint8Array | undefined {
  return settings.isBase64 && typeof item === 'string' ? decodeBase64(item) : undefined;
}

/** What a dashboard's file input, or the core file node, calls it. */
function fileNameOf(msg: NodeMessageInFlow): string | undefined {
  const name = (msg.file as { name?: unknown } | undefined)?.name ?? msg.filename;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

function rawDescription({ isRaw, rawEncoding, rawSampleRateHz, rawChannels }: AudioSettings): AudioDescription {
  return isRaw ? { encoding: rawEncoding, sampleRateHz: rawSampleRateHz, channels: rawChannels } : {};
}

/** A path as the node's settings give it: relative to the user directory, or a file of this package (example 00). */
export function absolute(path: string, workingDirectory: string | undefined): string {
  if (path.startsWith(OUR_PACKAGE)) return join(packageFolder(), path.slice(OUR_PACKAGE.length));
  return isAbsolute(path) || !workingDirectory ? path : resolve(workingDirectory, path);
}

const OUR_PACKAGE = '@voice-prints/node-red/';
/** Wherever it was installed. */
const packageFolder = (): string => dirname(createRequire(import.meta.url).resolve(`${OUR_PACKAGE}package.json`));

const noAudio = (property: string) =>
  new VoicePrintsError(
    'INPUT_INVALID',
    `there is no audio in ${property}; send a Buffer, a list of Buffers or an upload, or tick "text is base64" in this node`,
  );
