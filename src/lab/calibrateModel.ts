import type { CalibrationParameters } from '../core/calibration.js';
import { msOfSamples, secondsOfSamples } from '../core/time.js';
import { centroid, dot } from '../core/vector.js';
import { seededRandom } from '../evaluation/damage.js';
import type { Trials } from '../evaluation/detectionMetrics.js';
import {
  type CalibrationTrial,
  fitCalibration,
  presetThresholds,
  type RecordingTrial,
} from '../evaluation/fitCalibration.js';
import { logisticFit } from '../evaluation/logisticFit.js';
import { llrOf } from '../identity/calibration.js';
import { comparisonsOf, type PooledVoice } from '../identity/matchVoices.js';
import type { EnrolledVoice } from '../identity/voices.js';
import type { CalibrationSpeaker, EmbeddedSpeech } from './calibrationMaterial.js';

/** Lengths of speech that probes and voiceprints are cut to. */
const PROBE_SECONDS = [1, 2, 3, 6, 12];
const VOICE_SECONDS = [6, 12];
/** As much speech as the fit has seen. */
const MOST_SECONDS = 12;
/** See CalibrationParameters.centring: found on training speakers, each corpus left out in turn (BENCHMARKS.md). */
const CENTRING = 2;
/** Sizes of galleries, how many of each are drawn in a group, and probes tried at each. */
const GALLERIES = [1, 2, 5, 10, 20, 40];
const DRAWS = 20;
const STRANGERS = 80;
const OWNERS = 40;
/** So large a part of a group may be enrolled; the others are strangers. */
const MOST_ENROLLED = 0.7;

/**
 * The calibration of a speaker model, fitted to people each enrolled from one occasion and tried on another, both damaged
 * apart from each other. Strangers are people of the same group.
 *
 * @param source what the people were recorded for, in words, for the model's card
 */
export function calibrationOf(speakers: readonly CalibrationSpeaker[], source: string): CalibrationParameters {
  const trials = attemptsOf(speakers).flatMap((attempt, number) => trialsOf(attempt, number, CENTRING));
  return fitCalibration({
    trials,
    telephoneGroups: telephoneGroupsOf(speakers),
    centring: CENTRING,
    mostSeconds: MOST_SECONDS,
    recordingTrials: recordingTrialsOf(speakers),
    windowCosine: windowCosineOf(speakers),
    source: `${source}: ${speakers.length} people on two occasions, as recorded, by other microphones, in rooms and over G.711`,
  });
}

/** Strength of the prior of no rescaling, for one person: few people, separated without error, would scale it without limit. */
const RESCALE_PRIOR = 0.1;
/** Minimum scale: positive, so that scores keep their order on any recordings. */
const LEAST_SCALE = 0.1;

/**
 * An existing calibration with its llr scaled and shifted to fit people already embedded: few people determine no more than
 * two parameters. Thresholds of the presets are measured again.
 */
export function rescaledCalibration(
  speakers: readonly CalibrationSpeaker[],
  before: CalibrationParameters,
  source: string,
): CalibrationParameters {
  const trials = attemptsOf(speakers).flatMap((attempt, number) => trialsOf(attempt, number, before.centring));
  const [shift, slope] = logisticFit(
    trials.map((trial) => ({ features: [1, llrOf(trial, before)], isTarget: trial.isTarget })),
    { strength: RESCALE_PRIOR / speakers.length, weights: [0, 1] },
  ) as [number, number];
  const scale = Math.max(LEAST_SCALE, slope);
  const rescaled: CalibrationParameters = {
    ...before,
    offset: shift + scale * before.offset,
    cosine: scale * before.cosine,
    logSeconds: scale * before.logSeconds,
    cosineLogSeconds: scale * before.cosineLogSeconds,
    voiceLogSeconds: scale * (before.voiceLogSeconds ?? 0),
    cosineVoiceLogSeconds: scale * (before.cosineVoiceLogSeconds ?? 0),
    alone: scale * (before.alone ?? 0),
    cosineAlone: scale * (before.cosineAlone ?? 0),
    narrowBand: scale * before.narrowBand,
    narrowBandBoth: scale * (before.narrowBandBoth ?? 0),
    windowCosine: before.windowCosine ?? windowCosineOf(speakers),
    source: `${source}: ${speakers.length} people on two occasions, as recorded, by other microphones, in rooms and over G.711; before: ${before.source}`,
  };
  const llrs = trials.map((trial) => llrOf(trial, rescaled));
  return { ...rescaled, ...presetThresholds(trials, llrs, before.gallerySlope ?? 1) };
}

/** Log likelihood ratios that a calibration gives to people's probes with their own and with others' voiceprints. */
export function llrsOf(speakers: readonly CalibrationSpeaker[], calibration: CalibrationParameters): Trials {
  const trials = attemptsOf(speakers).flatMap((attempt, number) => trialsOf(attempt, number, calibration.centring));
  const llrs = (isTarget: boolean) =>
    Float64Array.from(
      trials.filter((trial) => trial.isTarget === isTarget),
      (trial) => llrOf(trial, calibration),
    );
  return { targets: llrs(true), nontargets: llrs(false) };
}

/** One probe and the gallery it is tried at. */
interface Attempt {
  readonly group: string;
  readonly voices: readonly EnrolledVoice[];
  readonly probe: PooledVoice;
  readonly isNarrowBand: boolean;
  /** Id of the voice that is the probe's own; undefined: a stranger's. */
  readonly owner: string | undefined;
}

/** Tries of strangers and of those enrolled at galleries of several sizes; every group by itself. Deterministic. */
function attemptsOf(speakers: readonly CalibrationSpeaker[]): Attempt[] {
  const random = seededRandom(11);
  return [...new Set(speakers.map(({ group }) => group))].flatMap((group) => {
    const people = speakers.filter((speaker) => speaker.group === group);
    return GALLERIES.filter((size) => size <= Math.max(1, MOST_ENROLLED * people.length)).flatMap((size) =>
      Array.from({ length: DRAWS }, () => attemptsAt(people, size, random)).flat(),
    );
  });
}

/** One random gallery and the probes tried at it. */
function attemptsAt(people: readonly CalibrationSpeaker[], size: number, random: () => number): Attempt[] {
  const drawn = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const order = people.map((person) => ({ person, at: random() })).sort((a, b) => a.at - b.at);
  const shuffled = order.map(({ person }) => person);
  // In half of the galleries all were enrolled as they were recorded.
  const isPlain = random() < 0.5;
  const enrolled = shuffled.slice(0, size).map((person, column) => {
    const side = random() < 0.5 ? 0 : 1;
    const speech = isPlain ? person.occasions[side][0]! : drawn(person.occasions[side]);
    return { person, side, speech, voice: voiceOf(speech, String(column), drawn(VOICE_SECONDS)) };
  });
  const voices = enrolled.map(({ voice }) => voice);
  const { group } = people[0]!;
  const tried = (speech: EmbeddedSpeech, owner: string | undefined): Attempt => {
    const probe = pooled(speech, drawn(PROBE_SECONDS));
    return { group, voices, probe, isNarrowBand: speech.isNarrowBand, owner };
  };
  const strangers = shuffled.slice(size);
  const ofStrangers = Array.from({ length: strangers.length > 0 ? STRANGERS : 0 }, () =>
    tried(drawn(drawn(strangers).occasions.flat()), undefined),
  );
  const ofOwners = Array.from({ length: OWNERS }, () => {
    const { person, side, speech, voice } = drawn(enrolled);
    const other = drawn(person.occasions[1 - side]!);
    // One session cut in two is no other occasion where both halves are as they were recorded.
    const isOneOccasion =
      !person.isTwoSessions && [speech, other].every(({ condition }) => condition === 'as recorded');
    return isOneOccasion ? undefined : tried(other, voice.id);
  });
  return [...ofStrangers, ...ofOwners.filter((attempt) => attempt !== undefined)];
}

/** The comparisons of one try, as the product makes them. */
function trialsOf(
  { group, voices, probe, isNarrowBand, owner }: Attempt,
  attempt: number,
  centring: number | undefined,
): CalibrationTrial[] {
  return comparisonsOf(probe, voices, { centring, isNarrowBand }).map(({ voice, comparison }) => ({
    ...comparison,
    isTarget: voice.id === owner,
    attempt,
    gallery: voices.length,
    group,
  }));
}

/** Groups most of whose people were recorded over the telephone. */
function telephoneGroupsOf(speakers: readonly CalibrationSpeaker[]): string[] {
  return [...new Set(speakers.map(({ group }) => group))].filter((group) => {
    const people = speakers.filter((speaker) => speaker.group === group);
    const onTelephone = people.filter(({ occasions: [[plain]] }) => plain!.isNarrowBand);
    return onTelephone.length > people.length / 2;
  });
}

/** The first `seconds` of speech as one voice. */
function pooled(speech: EmbeddedSpeech, seconds: number) {
  const embeddings = firstSeconds(speech, seconds);
  const speechSeconds = secondsOfSamples(speech.windows[embeddings.length - 1]!.endSample);
  return { centroid: centroid(embeddings), speechSeconds };
}

function voiceOf(speech: EmbeddedSpeech, id: string, seconds: number): EnrolledVoice {
  const { centroid: mean, speechSeconds } = pooled(speech, seconds);
  return { id, exemplars: [mean], mean, speechSeconds, isNarrowBand: speech.isNarrowBand };
}

/** Windows that end within the first `seconds`; at least one. */
function firstSeconds({ windows, embeddings }: EmbeddedSpeech, seconds: number): Float32Array<ArrayBuffer>[] {
  const count = windows.filter(({ endSample }) => msOfSamples(endSample) <= seconds * 1000 + 1).length;
  return embeddings.slice(0, Math.max(1, count));
}

/** Pieces of a little over two seconds from both ends of one recording: as short as a second voice may be. */
const PIECE_WINDOWS = 2;

/** Segments of one recording of each person, and of two people under the same condition. */
function recordingTrialsOf(speakers: readonly CalibrationSpeaker[]): RecordingTrial[] {
  const pieces = speakers.flatMap(({ group, occasions }, speaker) =>
    occasions[1].flatMap(({ condition, embeddings }) => {
      if (embeddings.length < 2 * PIECE_WINDOWS + 1) return []; // neighbouring windows share sound
      const first = centroid(embeddings.slice(0, PIECE_WINDOWS));
      const second = centroid(embeddings.slice(-PIECE_WINDOWS));
      return [{ speaker, group, condition, first, second }];
    }),
  );
  return pieces.flatMap((a) =>
    pieces.flatMap((b) =>
      a.group === b.group && a.condition === b.condition
        ? [{ cosine: dot(a.first, b.second), isTarget: a.speaker === b.speaker }]
        : [],
    ),
  );
}

function windowCosineOf(speakers: readonly CalibrationSpeaker[]): { same: number; different: number } {
  const same: number[] = [];
  const different: number[] = [];
  const everyone = speakers.flatMap(({ group, occasions }, speaker) =>
    occasions[1].map((speech) => ({ speaker, group, ...speech })),
  );
  everyone.forEach((a, i) => {
    a.embeddings.forEach((one, k) => {
      for (const other of a.embeddings.slice(k + 2)) same.push(dot(one, other)); // neighbours overlap
    });
    for (const b of everyone.slice(i + 1)) {
      if (a.speaker === b.speaker || a.group !== b.group || a.condition !== b.condition) continue;
      different.push(dot(a.embeddings[0]!, b.embeddings[0]!), dot(a.embeddings.at(-1)!, b.embeddings.at(-1)!));
    }
  });
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return { same: mean(same), different: mean(different) };
}
