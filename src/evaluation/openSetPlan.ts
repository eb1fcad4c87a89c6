import type { SampleSpan } from '../core/audioFrame.js';

/** A span of a person's speech: its position in the joined utterances of one session. */
export interface LocatedSpeech extends SampleSpan {
  /** Undefined where the manifest has no sessions. */
  readonly session: string | undefined;
}

/** Possible enrolment samples and probes of one person. */
export interface SpeakerPieces {
  readonly samples: readonly LocatedSpeech[];
  readonly probes: readonly LocatedSpeech[];
}

/** One split of the people into enrolled and impostors; numbers are indices of people, samples and probes. */
export interface OpenSetSplit {
  readonly enrolled: readonly { readonly speaker: number; readonly samples: readonly number[] }[];
  readonly probes: readonly { readonly speaker: number; readonly probe: number; readonly isEnrolled: boolean }[];
}

/** Enrolment samples per person. */
const ENROL_SAMPLES = 3;

/**
 * Enrolment samples of one session: consecutive utterances until `leastLength`, long ones split evenly into parts of that
 * length or more. A remainder that is too short is dropped.
 *
 * @param lengths of the utterances, in samples; spans are relative to their concatenation
 */
export function sampleSpans(lengths: readonly number[], leastLength: number): SampleSpan[] {
  const spans: SampleSpan[] = [];
  let start = 0;
  let end = 0;
  for (const length of lengths) {
    end += length;
    const pieces = Math.floor((end - start) / leastLength);
    for (let piece = 0; piece < pieces; piece += 1) {
      const from = start + Math.round(((end - start) * piece) / pieces);
      const to = start + Math.round(((end - start) * (piece + 1)) / pieces);
      spans.push({ startSample: from, endSample: to });
    }
    if (pieces > 0) start = end;
  }
  return spans;
}

/**
 * Probes of exactly `length` samples in one session: the middle of an utterance that is long enough, else its start and
 * the following utterances. Probes share no utterance.
 */
export function probeSpans(lengths: readonly number[], length: number): SampleSpan[] {
  const spans: SampleSpan[] = [];
  let start = 0;
  let end = 0;
  for (const own of lengths) {
    end += own;
    if (end - start < length) continue;
    const from = end - start === own ? start + ((own - length) >> 1) : start;
    spans.push({ startSample: from, endSample: from + length });
    start = end;
  }
  return spans;
}

/**
 * Enrols `gallery` people drawn at random with three samples each; all others are impostors. Where a person has several
 * sessions, probes come from sessions without enrolment samples, else from speech that was not enrolled. People without
 * three samples and a separate probe are always impostors.
 */
export function drawSplit(people: readonly SpeakerPieces[], gallery: number, random: () => number): OpenSetSplit {
  const enrolled: { speaker: number; samples: number[] }[] = [];
  const probes: OpenSetSplit['probes'][number][] = [];
  for (const speaker of shuffled([...people.keys()], random)) {
    const { samples, probes: own } = people[speaker]!;
    const chosen = enrolled.length < gallery ? drawSamples(people[speaker]!, random) : undefined;
    const held = chosen?.map((index) => samples[index]!);
    if (chosen) enrolled.push({ speaker, samples: chosen });
    own.forEach((probe, index) => {
      if (!held || isApart(probe, held, people[speaker]!))
        probes.push({ speaker, probe: index, isEnrolled: held !== undefined });
    });
  }
  return { enrolled, probes };
}

/** Three samples that leave a separate probe; undefined where there are none. */
function drawSamples(person: SpeakerPieces, random: () => number): number[] | undefined {
  const { samples, probes } = person;
  const [withheld] = shuffled([...new Set(probes.map(({ session }) => session))], random);
  const usable = hasSessions(person) ? samples.filter(({ session }) => session !== withheld) : samples;
  const chosen = shuffled([...usable], random).slice(0, ENROL_SAMPLES);
  if (chosen.length < ENROL_SAMPLES || !probes.some((probe) => isApart(probe, chosen, person))) return undefined;
  return chosen.map((sample) => samples.indexOf(sample));
}

const hasSessions = ({ samples, probes }: SpeakerPieces): boolean =>
  new Set([...samples, ...probes].map(({ session }) => session)).size > 1;

/** True where a probe is independent of the samples: another session, or, where there is only one, other speech. */
function isApart(probe: LocatedSpeech, samples: readonly LocatedSpeech[], person: SpeakerPieces): boolean {
  if (hasSessions(person)) return samples.every(({ session }) => session !== probe.session);
  return samples.every((sample) => sample.endSample <= probe.startSample || sample.startSample >= probe.endSample);
}

/** The same items in random order (Fisher and Yates); changes and returns the array. */
function shuffled<T>(items: T[], random: () => number): T[] {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}
