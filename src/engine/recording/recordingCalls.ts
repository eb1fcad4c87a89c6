import { openRecording } from '../../audio/openRecording.js';
import { replayableSource } from '../../audio/replayableSource.js';
import type { Diarization, FalseAcceptPercent, Identification, SpeechActivity } from '../../core/identification.js';
import type { Lazy } from '../../core/lazy.js';
import { ONE_VOICE, type VoiceLimits, voiceLimitsOf } from '../../core/peopleCount.js';
import type { RecordingSource } from '../../core/recording.js';
import type { Compute } from '../compute/compute.js';
import type { Engine } from '../engine.js';
import type { EngineParts } from '../engineParts.js';
import { limitsWithin } from '../limitsWithin.js';
import { type CallOptions, LOCAL_TENANT } from '../requests/callOptions.js';
import type { ChunkSession, IdentifyChunksRequest } from '../requests/chunkSession.js';
import type { DetectSpeechRequest, DiarizeRequest, IdentifyRequest } from '../requests/recordingRequests.js';
import type { TenantPeople } from '../tenantPeople.js';
import { RecordingTurns } from '../turns/recordingTurns.js';
import type { TurnMemory } from '../turns/turnMemory.js';
import { galleryWarnings } from '../voiceprints/galleryWarnings.js';
import { someOf } from '../voiceprints/nameable.js';
import { detectRecordingSpeech } from './detectRecordingSpeech.js';
import { diarizeRecording } from './diarizeRecording.js';
import { ChunkIdentification } from './identifyChunks.js';
import { identifyRecording } from './identifyRecording.js';
import { joinedIdentification, voicePerPart } from './voicePerPart.js';

export interface RecordingCallsParts extends Pick<EngineParts, 'config' | 'model' | 'nowMs'> {
  readonly people: TenantPeople;
  readonly compute: Lazy<Compute>;
  readonly turns: TurnMemory;
  readonly acceptScore: (falseAcceptPercent: FalseAcceptPercent) => number;
  /** Admits a call, and runs it until it or the engine is closed. */
  readonly job: <T>(options: TenantCall, work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
}

/** A call, and whose it is: tenants have places of their own. */
export type TenantCall = CallOptions & { readonly tenantId?: string | undefined };

/** The calls of an engine on finished recordings. */
export class RecordingCalls implements Pick<Engine, 'identify' | 'identifyChunks' | 'diarize' | 'detectSpeech'> {
  readonly #parts: RecordingCallsParts;

  constructor(parts: RecordingCallsParts) {
    this.#parts = parts;
  }

  identify(request: IdentifyRequest, options: CallOptions = {}): Promise<Identification> {
    const { config } = this.#parts;
    const { tenantId = LOCAL_TENANT, speakerIds, isSpeakerPerChannel = false } = request;
    return this.#parts.job({ ...options, tenantId }, async (signal) => {
      const voiceLimits = voiceLimitsOf(request);
      const enrolled = await this.#parts.people.reembedKept(tenantId, signal);
      const people = await this.#parts.people.nameable(tenantId, enrolled, speakerIds);
      const limits = limitsWithin(this.#parts.config, request.limits, Number.POSITIVE_INFINITY);
      const compute = await this.#parts.compute.get();
      const { falseAcceptPercent = config.falseAcceptPercent } = request;
      const turns = this.#recordingTurns(tenantId, falseAcceptPercent);
      const settings = {
        people,
        falseAcceptPercent,
        galleryWarnings: speakerIds?.length ? [] : galleryWarnings(enrolled),
      };
      const identifyIn = (source: RecordingSource, voices: VoiceLimits) =>
        identifyRecording(
          { compute, openRecording: () => openRecording(source, limits, signal) },
          { ...settings, ...voices },
          { signal, onProgress: options.onProgress, turns },
        );
      const remembered = (answer: Identification) => turns?.remember(answer) ?? answer;
      if (!isSpeakerPerChannel) return remembered(await identifyIn(request.source, voiceLimits));
      await using kept = await replayableSource(request.source, limits.maxBytes, signal);
      const { source } = kept;
      const apart = await voicePerPart(
        (selection) => openRecording({ ...source, ...selection }, limits, signal),
        source.track === undefined ? {} : { track: source.track },
        (selection) => identifyIn({ ...source, ...selection }, ONE_VOICE),
      );
      return remembered(apart ? joinedIdentification(apart) : await identifyIn(source, ONE_VOICE));
    });
  }

  identifyChunks(request: IdentifyChunksRequest): ChunkSession {
    const { config } = this.#parts;
    const { tenantId = LOCAL_TENANT, falseAcceptPercent = config.falseAcceptPercent } = request;
    const stream = new ChunkIdentification({ leastChunkMs: request.leastChunkMs });
    const limits = limitsWithin(this.#parts.config, request.limits, Number.POSITIVE_INFINITY);
    return {
      identify: ({ source, startSeconds, speakerIds = request.speakerIds }, options = {}) =>
        this.#parts.job({ ...options, tenantId }, async (signal) => {
          const enrolled = await this.#parts.people.reembedKept(tenantId, signal);
          return stream.identify(
            {
              openRecording: () => openRecording(source, limits, signal),
              startSeconds,
              people: await this.#parts.people.nameable(tenantId, enrolled, speakerIds),
              galleryWarnings: speakerIds?.length ? [] : galleryWarnings(enrolled),
              falseAcceptPercent,
            },
            await this.#parts.compute.get(),
            signal,
          );
        }),
      finish: (options = {}) =>
        this.#parts.job(options, async (signal) => stream.finish(await this.#parts.compute.get(), signal)),
    };
  }

  diarize(request: DiarizeRequest, options: CallOptions = {}): Promise<Diarization> {
    const { config } = this.#parts;
    const { tenantId = LOCAL_TENANT, openSource, speakerIds = [], isSpeakerPerChannel = false } = request;
    return this.#parts.job({ ...options, tenantId }, async (signal) => {
      const voiceLimits = voiceLimitsOf(request);
      const people =
        speakerIds.length > 0
          ? await this.#parts.people.nameable(
              tenantId,
              await this.#parts.people.reembedKept(tenantId, signal),
              speakerIds,
            )
          : someOf([], this.#parts.model.id);
      const limits = limitsWithin(this.#parts.config, request.limits, Number.POSITIVE_INFINITY);
      const compute = await this.#parts.compute.get();
      const { falseAcceptPercent } = config;
      return diarizeRecording(
        {
          compute,
          open: async (selection) => openRecording({ ...(await openSource()), ...selection }, limits, signal),
        },
        { people, falseAcceptPercent, voiceLimits, isSpeakerPerChannel },
        { signal, onProgress: options.onProgress },
      );
    });
  }

  detectSpeech(request: DetectSpeechRequest, options: CallOptions = {}): Promise<SpeechActivity> {
    return this.#parts.job(options, async (signal) => {
      const limits = limitsWithin(this.#parts.config, request.limits, Number.POSITIVE_INFINITY);
      const compute = await this.#parts.compute.get();
      const { minNonSpeechMs = 0 } = request;
      const { onProgress } = options;
      return detectRecordingSpeech(await openRecording(request.source, limits, signal), {
        compute,
        minNonSpeechMs,
        signal,
        onProgress,
      });
    });
  }

  #recordingTurns(tenantId: string, falseAcceptPercent: FalseAcceptPercent): RecordingTurns | undefined {
    const { config, nowMs, turns: memory, acceptScore } = this.#parts;
    if (!config.rememberTurns) return undefined;
    const { strangers } = config;
    return new RecordingTurns({ memory, tenantId, strangers, acceptScore: acceptScore(falseAcceptPercent), nowMs });
  }
}
