import { VoicePrintsError } from '../../core/errors.js';
import type { EnrollResult } from '../../core/identification.js';
import type { UnknownExemplar, UnknownVoice } from '../../core/unknownVoice.js';
import { centroid } from '../../core/vector.js';
import type { UnknownVoices } from '../../registry/unknownVoices.js';
import { assertPersonTexts } from '../voiceprints/personTexts.js';
import { assertSpeakerId } from '../voiceprints/speakerId.js';
import { NARROW_BAND_HZ } from '../voiceprints/voicesToMatch.js';
import type { AnalysedSample } from './analyseSample.js';
import { GATE_LIMITS } from './enrollGate.js';
import { type EnrolledPerson, type EnrollSamplesDependencies, enrollSamples } from './enrollSamples.js';
import { type SecondVoice, secondVoiceAmong } from './secondVoice.js';

/** Segments of speech are grouped into samples of about this length, long enough to be compared. */
const SAMPLE_SPEECH_MS = 6_000;
/** For speech of unmeasured noise: neither rated high nor refused for it. */
const ASSUMED_SNR_DB = 12;
/** For speech of unmeasured bandwidth: that of a microphone. */
const ASSUMED_BANDWIDTH_HZ = 8_000;

export interface EnrollFromVoiceDependencies extends EnrollSamplesDependencies {
  readonly unknownVoices: Pick<UnknownVoices, 'delete'>;
}

/**
 * Makes a voiceprint of an unknown voice of a live stream, or adds it to one, through the gate of `enroll`: enough clean speech,
 * one voice, not that of another person. Its segments of speech are grouped into samples, oldest first. On success the
 * unknown voice is erased.
 *
 * @throws VoicePrintsError SPEAKER_ID_INVALID, INPUT_INVALID for texts about the person or for a voice of another model, and
 *   what the registry throws
 */
export async function enrollFromVoice(
  person: EnrolledPerson,
  voice: UnknownVoice,
  { unknownVoices, ...dependencies }: EnrollFromVoiceDependencies,
): Promise<EnrollResult> {
  assertSpeakerId(person.speakerId);
  assertPersonTexts(person);
  if (voice.modelId !== dependencies.model.id || voice.exemplars.length === 0) throw ofAnotherModel();
  const samples = samplesOfVoice(voice).map((analysed) => ({
    file: analysed.file,
    kind: 'analysed' as const,
    analysed,
  }));
  const result = await enrollSamples(person, samples, dependencies);
  if (result.status !== 'rejected') await unknownVoices.delete(person.tenantId, voice.id);
  return result;
}

/** Segments of speech of one voice as input of the gate. Noisy segments are omitted if there are clean ones. */
export function samplesOfVoice({ id, exemplars }: Pick<UnknownVoice, 'id' | 'exemplars'>): AnalysedSample[] {
  const clean = exemplars.filter(({ snrDb }) => snrDb === undefined || snrDb >= GATE_LIMITS.leastSnrDb);
  const used = clean.length > 0 ? clean : exemplars;
  // Over all at once: a second person may have a few segments in each sample.
  const second = secondVoiceAmong({
    embeddings: used.map(({ embedding }) => embedding.values),
    speechMs: used.map(({ speechMs }) => speechMs),
  });
  return groupsOf(used).map((group, i) => sampleOf(`${id}, part ${i + 1}`, group, second));
}

/** Adjacent segments, about 6 s in each group; the rest at the end goes to the last. */
function groupsOf(exemplars: readonly UnknownExemplar[]): UnknownExemplar[][] {
  const groups: UnknownExemplar[][] = [];
  let group: UnknownExemplar[] = [];
  for (const exemplar of exemplars) {
    group.push(exemplar);
    if (speechMsOf(group) < SAMPLE_SPEECH_MS) continue;
    groups.push(group);
    group = [];
  }
  if (groups.length === 0) return [group];
  groups.at(-1)!.push(...group);
  return groups;
}

function sampleOf(file: string, group: readonly UnknownExemplar[], second: SecondVoice | undefined): AnalysedSample {
  const speechMs = speechMsOf(group);
  const bandwidthHz = Math.max(...group.map((exemplar) => exemplar.bandwidthHz ?? ASSUMED_BANDWIDTH_HZ));
  const weights = group.map((exemplar) => exemplar.speechMs);
  return {
    file,
    audioMs: speechMs,
    speechMs,
    snrDb: group.reduce((sum, one) => sum + (one.snrDb ?? ASSUMED_SNR_DB) * one.speechMs, 0) / Math.max(1, speechMs),
    // Not known of live speech, which was found.
    clippedShare: 0,
    peakDb: 0,
    dcOffset: 0,
    bandwidthHz,
    isNarrowBand: bandwidthHz < NARROW_BAND_HZ,
    embedding: centroid(
      group.map(({ embedding }) => embedding.values),
      weights,
    ),
    secondVoice: second,
  };
}

const speechMsOf = (group: readonly UnknownExemplar[]): number => group.reduce((sum, one) => sum + one.speechMs, 0);

const ofAnotherModel = () =>
  new VoicePrintsError(
    'INPUT_INVALID',
    'this voice was recorded with another speaker model; wait until it speaks again, or use that model',
  );
