import { present } from '../../core/present.js';
import type { RecordingSource } from '../../core/recording.js';
import { diarizeBody, diarizeQuery, voicesOf } from '../calls/asyncSchemas.js';
import { readAudioInput } from '../calls/audioInput.js';
import type { Answer, Call } from '../calls/call.js';
import { bodyTooLarge } from '../refusals/refusal.js';
import { diarizeAnswer, diarizeList } from './answers.js';
import { type Version, withSyncHint } from './syncCall.js';

/** Clients of the first version expect a list of turns, those of the second an object with the number of voices. */
export async function diarize(call: Call, version: Version): Promise<Answer> {
  const { fields, source } = await readAudioInput(call, diarizeBody, diarizeQuery);
  const { engine, limits } = call.surface;
  const { isSpeakerPerChannel, ...people } = voicesOf(fields);
  const { speakerIds } = fields;
  const openSource = isSpeakerPerChannel ? await rereadable(source, limits.maxBodyBytes) : async () => source;
  const result = await engine
    .diarize(
      {
        tenantId: call.tenantId,
        openSource,
        isSpeakerPerChannel,
        ...present({ speakerIds, ...people }),
        limits: { maxDurationMs: limits.maxIdentifyMs, maxBytes: limits.maxBodyBytes, maxDecodeMs: limits.maxDecodeMs },
      },
      call.options,
    )
    .catch((error: unknown) => {
      throw withSyncHint(error, limits.maxIdentifyMs);
    });
  return { status: 200, body: version === 'v1' ? diarizeList(result) : diarizeAnswer(result) };
}

/** A recording that is read once per channel is held in memory, up to the largest body allowed. */
async function rereadable(source: RecordingSource, maxBytes: number): Promise<() => Promise<RecordingSource>> {
  if (source.kind !== 'stream') return async () => source;
  const { stream, ...format } = source;
  const bytes = await collect(stream, maxBytes);
  return async () => ({ ...format, kind: 'bytes', bytes });
}

async function collect(stream: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let received = 0;
  for await (const piece of stream) {
    received += piece.length;
    if (received > maxBytes) throw bodyTooLarge(maxBytes);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
