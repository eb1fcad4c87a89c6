import type { FalseAcceptPercent } from '../core/identification.js';
import { finished } from '../core/steps.js';
import type { UnknownExemplar } from '../core/unknownVoice.js';
import { centroid } from '../core/vector.js';
import type { Voiceprint } from '../core/voiceprint.js';
import { samplesOfVoice } from '../engine/enrolment/enrollFromVoice.js';
import { growVoiceprint } from '../engine/enrolment/growVoiceprint.js';
import { knownVoiceOf } from '../engine/enrolment/knownVoice.js';
import { listedOthers } from '../engine/enrolment/otherPeople.js';
import { learnFromVoice } from '../engine/turns/learnFromVoice.js';
import { voicesToMatch } from '../engine/voiceprints/voicesToMatch.js';
import { UNCALIBRATED } from '../identity/calibration.js';
import { decide, UNCERTAIN_LLR, type Verdict } from '../identity/decide.js';
import { rankingOf } from '../identity/gallery/ranking.js';
import { matchPeople } from '../identity/matchPeople.js';
import { compare } from '../identity/matchVoices.js';
import type { SpeakerModel } from '../inference/speakerModel.js';

/** One utterance of a simulated conversation, embedded once. */
export interface Utterance {
  /** Unit norm, shape (d,). */
  readonly embedding: Float32Array<ArrayBuffer>;
  readonly speechSeconds: number;
  readonly isNarrowBand: boolean;
}

export interface SimulatedPerson {
  readonly id: string;
  /** Enrolled from these; empty for a stranger. */
  readonly enrolment: readonly Utterance[];
  /** What conversations are made of in which people give feedback. */
  readonly spoken: readonly Utterance[];
  /** What they are measured with: in no such conversation. */
  readonly heldOut: readonly Utterance[];
}

export interface SimulationOptions {
  readonly people: readonly SimulatedPerson[];
  readonly model: Pick<SpeakerModel, 'id' | 'calibration'>;
  readonly falseAcceptPercent: FalseAcceptPercent;
  /** Conversations in which everybody's voice gets feedback. */
  readonly sessions: number;
  /** Share of the feedback that says somebody else's name. */
  readonly wrongShare: number;
  /** Conversations of held-out speech. */
  readonly heldOutDialogues: number;
  /** 0..1 */
  readonly random: () => number;
}

/** Voices of held-out conversations, by what they were named. */
export interface NamingCounts {
  readonly voices: number;
  /** Of those enrolled. */
  readonly right: number;
  readonly wrong: number;
  readonly unnamed: number;
  readonly strangers: number;
  readonly strangersNamed: number;
  /** By id of those enrolled: share named rightly. */
  readonly rightOf: ReadonlyMap<string, number>;
}

export interface Simulation {
  readonly before: NamingCounts;
  readonly after: NamingCounts;
  /** Feedback by whether it was true and whether a voiceprint learnt from it. */
  readonly feedback: {
    readonly true: number;
    readonly trueLearnt: number;
    readonly wrong: number;
    readonly wrongLearnt: number;
  };
}

const PEOPLE_OF_DIALOGUE = 3;
const UTTERANCES_OF_VOICE = 2;

/** Many conversations with feedback, some of it wrong, and what they do to names in conversations that come after. */
export function simulateCorrections(options: SimulationOptions): Simulation {
  const { people, model, sessions, wrongShare, random } = options;
  const enrolled = people.filter(({ enrolment }) => enrolment.length > 0);
  const voiceprints = new Map(enrolled.map((person) => [person.id, voiceprintOf(person, model.id)]));
  const dialogues = Array.from({ length: options.heldOutDialogues }, () => dialogueOf(people, 'heldOut', random));
  const before = namingOf(dialogues, voiceprints, options);
  const feedback = { true: 0, trueLearnt: 0, wrong: 0, wrongLearnt: 0 };
  for (let session = 0; session < sessions; session += 1) {
    for (const { person, utterances } of dialogueOf(people, 'spoken', random)) {
      const isWrong = random() < wrongShare;
      const others = enrolled.filter(({ id }) => id !== person.id);
      const said = isWrong ? others[Math.floor(random() * others.length)]!.id : person.id;
      const current = voiceprints.get(said);
      if (!current) continue; // a stranger who was rightly left without a name
      const exemplars = utterances.map((one) => exemplarOf(one, model.id));
      const context = {
        model,
        others: othersOf([...voiceprints.values()], said, model.id),
        feedbackId: `session ${session}`,
        nowMs: session,
      };
      const { change } = finished(learnFromVoice(current, exemplars, context));
      if (change) voiceprints.set(said, change.after);
      feedback[isWrong ? 'wrong' : 'true'] += 1;
      if (change) feedback[isWrong ? 'wrongLearnt' : 'trueLearnt'] += 1;
    }
  }
  return { before, after: namingOf(dialogues, voiceprints, options), feedback };
}

const othersOf = (voiceprints: readonly Voiceprint[], said: string, modelId: string) =>
  listedOthers(voiceprints.flatMap((one) => (one.id === said ? [] : (knownVoiceOf(one, modelId) ?? []))));

interface Voice {
  readonly person: SimulatedPerson;
  readonly utterances: readonly Utterance[];
}

function dialogueOf(people: readonly SimulatedPerson[], pool: 'spoken' | 'heldOut', random: () => number): Voice[] {
  const drawn = <T>(items: readonly T[], count: number): T[] => {
    const left = [...items];
    return Array.from(
      { length: Math.min(count, left.length) },
      () => left.splice(Math.floor(random() * left.length), 1)[0]!,
    );
  };
  return drawn(people, PEOPLE_OF_DIALOGUE).map((person) => ({
    person,
    utterances: drawn(person[pool], UTTERANCES_OF_VOICE),
  }));
}

/** Names of the voices of each dialogue, as `identify` gives them where it has told the voices apart. */
function namingOf(
  dialogues: readonly (readonly Voice[])[],
  voiceprints: ReadonlyMap<string, Voiceprint>,
  { model, falseAcceptPercent }: SimulationOptions,
): NamingCounts {
  const calibration = model.calibration ?? UNCALIBRATED;
  const voices = voicesToMatch([...voiceprints.values()], model.id);
  const counts = { voices: 0, right: 0, wrong: 0, unnamed: 0, strangers: 0, strangersNamed: 0 };
  const own = new Map<string, { right: number; all: number }>();
  for (const dialogue of dialogues) {
    const probes = dialogue.map(({ utterances }) => ({
      centroid: centroid(
        utterances.map(({ embedding }) => embedding),
        utterances.map(({ speechSeconds }) => speechSeconds),
      ),
      speechSeconds: utterances.reduce((sum, { speechSeconds }) => sum + speechSeconds, 0),
    }));
    const isNarrowBand = dialogue.every(({ utterances }) => utterances.every((one) => one.isNarrowBand));
    const options = {
      calibration,
      isNarrowBand,
      leastLlr: UNCERTAIN_LLR,
      samePersonLlr: () => Number.NEGATIVE_INFINITY,
    };
    const matches = matchPeople(probes, voices, options);
    dialogue.forEach(({ person }, row) => {
      const comparisons = compare(probes[row]!, voices, options);
      const taken = comparisons.find(({ voice }) => voice.id === matches[row]?.voice.id);
      const named = nameOf(decide(rankingOf(comparisons), taken, { calibration, falseAcceptPercent }));
      counts.voices += 1;
      if (!voiceprints.has(person.id)) {
        counts.strangers += 1;
        if (named !== null) counts.strangersNamed += 1;
        return;
      }
      const { right, all } = own.get(person.id) ?? { right: 0, all: 0 };
      const isRight = named === person.id;
      own.set(person.id, { right: right + Number(isRight), all: all + 1 });
      if (isRight) counts.right += 1;
      else if (named === null) counts.unnamed += 1;
      else counts.wrong += 1;
    });
  }
  return { ...counts, rightOf: new Map([...own].map(([id, { right, all }]) => [id, right / all])) };
}

const nameOf = ({ decision, speakerId }: Verdict): string | null => (decision === 'identified' ? speakerId : null);

const exemplarOf = ({ embedding, speechSeconds, isNarrowBand }: Utterance, modelId: string): UnknownExemplar => ({
  embedding: { modelId, values: embedding },
  speechMs: 1000 * speechSeconds,
  bandwidthHz: isNarrowBand ? 3_400 : 8_000,
});

function voiceprintOf({ id, enrolment }: SimulatedPerson, modelId: string): Voiceprint {
  const samples = samplesOfVoice({ id, exemplars: enrolment.map((one) => exemplarOf(one, modelId)) });
  const growth = {
    tenantId: 'simulated',
    speakerId: id,
    modelId,
    name: id,
    languageCode: '',
    consent: undefined,
    nowMs: -1,
  };
  return growVoiceprint(undefined, samples, growth);
}
