import { present } from '../../core/present.js';
import type { RecordingLimits, RecordingSource } from '../../core/recording.js';
import type { AudioStore } from '../../jobs/audioStore.js';
import type { Job } from '../../jobs/job.js';
import type { PerformOptions } from '../../jobs/jobRunner.js';
import { FETCH_DEFAULTS, guardedFetch } from '../../net/guardedFetch.js';
import type { Engine } from '../engine.js';
import type { CallOptions } from '../requests/callOptions.js';
import type { JobSettings } from './jobSettings.js';

interface PerformDependencies {
  readonly engine: Engine;
  readonly audio: AudioStore;
  readonly allowHosts: readonly string[];
  readonly settings: JobSettings;
}

/** Performs a job; its result is the answer of the engine. */
export function performJob({ engine, audio, allowHosts, settings }: PerformDependencies) {
  const { maxDurationMs, maxDecodeMs, maxAudioBytesOfJob: maxBytes } = settings;
  const limits: RecordingLimits = { maxBytes, maxDurationMs, maxDecodeMs };

  const openSource = async (job: Job, signal: AbortSignal): Promise<RecordingSource> => {
    const format = { ...present({ rawFormat: job.rawFormat }), ...job.selection };
    if (job.audio.kind === 'stored') return { kind: 'stream', stream: audio.read(job.audio.audioId), ...format };
    const accept = 'audio/*, */*;q=0.5';
    const stream = await guardedFetch(job.audio.url, { ...FETCH_DEFAULTS, allowHosts, maxBytes, accept }, signal);
    return { kind: 'stream', stream, ...format };
  };

  return async (job: Job, { signal, onProgress }: PerformOptions): Promise<unknown> => {
    const { task, tenantId } = job;
    const options: CallOptions = { signal, onProgress: ({ doneMs, totalMs }) => onProgress({ doneMs, totalMs }) };
    if (task.kind === 'vad') {
      const { minNonSpeechMs } = task;
      return engine.detectSpeech({ source: await openSource(job, signal), minNonSpeechMs, limits }, options);
    }
    const people = task.speakerIds === undefined ? {} : { speakerIds: task.speakerIds };
    if (task.kind === 'identify') {
      const { falseAcceptPercent, isSpeakerPerChannel, speakerCount, maxSpeakers } = task;
      const preset = present({ falseAcceptPercent, isSpeakerPerChannel, speakerCount, maxSpeakers });
      const source = await openSource(job, signal);
      return engine.identify({ tenantId, source, ...people, ...preset, limits }, options);
    }
    const { isSpeakerPerChannel, speakerCount, maxSpeakers } = task;
    const voices = present({ speakerCount, maxSpeakers });
    const request = { tenantId, openSource: () => openSource(job, signal), isSpeakerPerChannel, limits };
    return engine.diarize({ ...request, ...people, ...voices }, options);
  };
}
