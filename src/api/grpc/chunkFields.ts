import type { Metadata } from '@grpc/grpc-js';
import type { z } from 'zod';
import { VoicePrintsError } from '../../core/errors.js';
import { present } from '../../core/present.js';
import type { RecordingSource } from '../../core/recording.js';
import { decodeBase64 } from '../calls/base64.js';
import { rawFormatOf } from '../calls/rawFormat.js';
import { identifyQuery, parseInput } from '../calls/schemas.js';
import type { SegmentChunk } from './messages.js';

/** Metadata of a call that applies to all of its chunks. */
export type CallFields = z.output<typeof identifyQuery> & { readonly isVerbose: boolean };

/** First text value of a metadata key, or undefined. */
const textOf = (metadata: Metadata, key: string): string | undefined => metadata.get(key)[0]?.toString() || undefined;

/** All values of a metadata key, which may be given several times, or undefined. */
const listOf = (metadata: Metadata, key: string): string | undefined => metadata.get(key).join(',') || undefined;

export const keyOf = (metadata: Metadata): string =>
  textOf(metadata, 'apikey') ??
  textOf(metadata, 'api_key') ??
  /^Bearer +(\S+) *$/i.exec(textOf(metadata, 'authorization') ?? '')?.[1] ??
  '';

/** Throws INPUT_INVALID or SPEAKER_ID_INVALID. `userids` is the name of `speakerids` in the first clients. */
export function callFields(metadata: Metadata): CallFields {
  const fields = parseInput(identifyQuery, {
    speakerIds: listOf(metadata, 'speakerids') ?? listOf(metadata, 'userids'),
    encoding: textOf(metadata, 'encoding'),
    sampleRate: textOf(metadata, 'samplerate'),
    languageCode: textOf(metadata, 'languagecode'),
    falseAcceptPercent: textOf(metadata, 'falseacceptpercent'),
  });
  return { ...fields, isVerbose: /^(true|1|yes)$/i.test(textOf(metadata, 'verbose') ?? '') };
}

export interface ReadChunk {
  readonly source: RecordingSource;
  readonly startSeconds: number | undefined;
  readonly speakerIds: readonly string[] | undefined;
}

/** Longest stream: beyond it, samples cannot be counted exactly. */
const MOST_SECONDS = 1e9;

/** Content of a chunk; its own fields take precedence over those of the call. Throws INPUT_INVALID, AUDIO_BASE64_INVALID … */
export function readChunk(chunk: SegmentChunk, call: CallFields): ReadChunk {
  const own = parseInput(identifyQuery, {
    encoding: chunk.encoding,
    sampleRate: chunk.sampleRate === 0 ? undefined : chunk.sampleRate,
    languageCode: chunk.languageCode,
    speakerIds: [...chunk.speakerIds],
  });
  if (chunk.content === '') {
    throw new VoicePrintsError('INPUT_INVALID', 'content is missing; give the audio of the chunk as base64');
  }
  const { segmentOffset } = chunk;
  if (!(segmentOffset >= 0 && segmentOffset <= MOST_SECONDS)) {
    throw new VoicePrintsError('INPUT_INVALID', 'segmentOffset is not valid: give seconds since the stream began');
  }
  const ids = own.speakerIds?.length ? own.speakerIds : call.speakerIds;
  return {
    source: sourceOf(chunk.content, { ...own, encoding: own.encoding ?? call.encoding }, call.sampleRate),
    // 0 also stands for an absent field: then a chunk follows the previous one.
    startSeconds: segmentOffset === 0 ? undefined : segmentOffset,
    speakerIds: ids,
  };
}

function sourceOf(
  content: string,
  own: { readonly encoding?: string | undefined; readonly sampleRate?: number | undefined },
  callRate: number | undefined,
): RecordingSource {
  const sampleRate = own.sampleRate ?? callRate;
  // Clients cut a WAV file and send its pieces as "wav": only the first has the header.
  const encoding = /^(audio\/)?(x-)?wave?$/i.test(own.encoding ?? '') ? 'pcm' : own.encoding;
  const rawFormat = rawFormatOf({ encoding, sampleRate });
  const bytes = decodeBase64(content);
  return { kind: 'bytes', bytes, label: 'chunk', ...present({ rawFormat }) };
}
