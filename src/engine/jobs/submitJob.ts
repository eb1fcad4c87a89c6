import { createHash, randomUUID } from 'node:crypto';
import { asVoicePrintsError, VoicePrintsError } from '../../core/errors.js';
import type { RecordingSource } from '../../core/recording.js';
import type { AudioStore } from '../../jobs/audioStore.js';
import type { Job, JobAudio, JobOrder } from '../../jobs/job.js';
import type { JobQueue } from '../../jobs/jobQueue.js';
import { parseUrl } from '../../net/guardedRequest.js';
import { type Tracing, traced } from '../../tracing/tracing.js';
import type { Engine } from '../engine.js';
import { LOCAL_TENANT } from '../requests/callOptions.js';
import { assertMatchable } from '../voiceprints/voiceprintsFor.js';
import type { JobRequest, JobSource } from './jobs.js';

interface SubmitDependencies {
  readonly engine: Engine;
  readonly queue: JobQueue;
  readonly audio: AudioStore;
  readonly maxAudioBytes: number;
  readonly tracing: Tracing;
  /** Erases audio that was stored for nothing. */
  readonly eraseAudio: (audio: JobAudio) => Promise<void>;
}

/** See Jobs.submit. */
export async function submitJob(
  { engine, queue, audio, maxAudioBytes, eraseAudio, tracing }: SubmitDependencies,
  request: JobRequest,
): Promise<{ readonly job: Job; readonly isNew: boolean }> {
  const { tenantId = LOCAL_TENANT, ownerId, requestId = randomUUID(), call, task, source, webhookUrl } = request;
  if (webhookUrl !== undefined) parseUrl(webhookUrl);
  if (source.kind === 'url') parseUrl(source.url);
  const ids = 'speakerIds' in task ? (task.speakerIds ?? []) : [];
  await assertAllMatchable(engine, tenantId, ids);
  await queue.assertRoom(tenantId, requestId);
  const taken = await takeIn(audio, source, maxAudioBytes);
  const { rawFormat, track, channel } = source;
  const selection = track === undefined && channel === undefined ? undefined : { track, channel };
  const asked = { task, rawFormat, selection, webhookUrl, audio: taken.sha256, ownerId };
  const digest = createHash('sha256').update(JSON.stringify(asked)).digest('hex');
  const rest = { call, task, audio: taken.audio, rawFormat, selection, webhookUrl, digest };
  const order: JobOrder = { tenantId, ownerId, requestId, ...rest };
  try {
    // Again: receiving the audio takes time, and a person may have been erased meanwhile.
    await assertAllMatchable(engine, tenantId, ids);
    const facts = { 'voice_prints.job.kind': task.kind };
    const added = await traced(tracing, ['job accepted', { kind: 'producer', joins: true, facts }], ({ traceparent }) =>
      queue.add({ ...order, ...(traceparent !== undefined && { traceparent }) }),
    );
    if (!added.isNew) await eraseAudio(taken.audio);
    return added;
  } catch (error) {
    await eraseAudio(taken.audio);
    throw asVoicePrintsError(error);
  }
}

async function assertAllMatchable(engine: Engine, tenantId: string, ids: readonly string[]): Promise<void> {
  const speakers = engine.speakers(tenantId);
  const found = await Promise.all([...new Set(ids)].map((speakerId) => speakers.get(speakerId)));
  assertMatchable(
    found.flatMap((speaker) => speaker ?? []),
    ids,
  );
}

async function takeIn(
  audio: AudioStore,
  source: JobSource,
  maxBytes: number,
): Promise<{ readonly audio: JobAudio; readonly sha256: string }> {
  if (source.kind === 'url') return { audio: { kind: 'url', url: source.url }, sha256: source.url };
  const { audioId, bytes, sha256 } = await audio.put(bytesOf(source), maxBytes);
  return { audio: { kind: 'stored', audioId, bytes }, sha256 };
}

async function* bytesOf(source: RecordingSource): AsyncGenerator<Uint8Array> {
  if (source.kind === 'bytes') yield source.bytes;
  else if (source.kind === 'stream') yield* source.stream;
  else throw new VoicePrintsError('INPUT_INVALID', 'a job takes bytes or a stream; open the file and give its stream');
}
