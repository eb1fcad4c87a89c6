import { present } from '../../core/present.js';
import type { SpeakerSample } from '../../index.js';
import type { Command } from '../command.js';
import { consentVersionOption, openEngine } from '../options/openEngine.js';
import { hasFlag, listOption, textOption, usageError } from '../options/parseCommandLine.js';
import { printResult, table } from '../output/output.js';

const row = (sample: SpeakerSample): readonly string[] => [
  sample.sampleId,
  sample.origin,
  `${sample.speechSeconds.toFixed(1)} s`,
  `${sample.snrDb.toFixed(0)} dB`,
  sample.quality,
  sample.likeness === null ? '' : sample.likeness.toFixed(2),
  sample.hasAudio ? 'kept' : '',
  sample.addedAt,
];

const samples: Command = {
  name: 'speakers samples',
  summary: 'List the samples of a person, with how much each is like the others',
  operands: 'ID',
  arity: [1, 1],
  options: {},
  example: 'voice-prints speakers samples alice',
  notes: 'A sample of somebody else has little likeness to the rest: split it off, or remove it.',
  async run(args, terminal) {
    await using engine = await openEngine(args, terminal);
    const listed = await engine.speakers().samples(args.positionals[0]!);
    const head = ['ID', 'ORIGIN', 'SPEECH', 'SNR', 'QUALITY', 'LIKENESS', 'AUDIO', 'ADDED'];
    printResult(args, terminal, listed, table([head, ...listed.map(row)]));
  },
};

const removeSample: Command = {
  name: 'speakers remove-sample',
  summary: 'Remove one sample from a voiceprint',
  operands: 'ID SAMPLE',
  arity: [2, 2],
  options: {},
  example: 'voice-prints speakers remove-sample alice 1f2e3d4c5b6a7988',
  async run(args, terminal) {
    const [speakerId, sampleId] = args.positionals as [string, string];
    await using engine = await openEngine(args, terminal);
    const speaker = await engine.speakers().removeSample(speakerId, sampleId);
    printResult(args, terminal, speaker, `${speakerId} has ${speaker.samples} samples left`);
  },
};

const merge: Command = {
  name: 'speakers merge',
  summary: 'Make one person of two entries',
  operands: 'ID FROM',
  arity: [2, 2],
  options: { sure: { about: 'Also where the two do not sound alike' } },
  example: 'voice-prints speakers merge alice alice_2',
  notes: 'FROM becomes a part of ID, and is erased.',
  async run(args, terminal) {
    const [speakerId, fromId] = args.positionals as [string, string];
    await using engine = await openEngine(args, terminal);
    const speaker = await engine.speakers().merge(speakerId, fromId, { isSure: hasFlag(args, 'sure') });
    printResult(args, terminal, speaker, `${fromId} is part of ${speakerId} now: ${speaker.samples} samples`);
  },
};

const split: Command = {
  name: 'speakers split',
  summary: "Make a new person of samples that are somebody else's",
  operands: 'ID NEW',
  arity: [2, 2],
  options: {
    samples: { value: 'A,B', about: 'Ids of the samples, from speakers samples; needed' },
    name: { value: 'NAME', about: 'Name of the new person (default: the id)' },
    consent: { value: 'TEXT', about: 'How and when the new person agreed; kept with the voiceprint' },
    ...consentVersionOption,
  },
  example: 'voice-prints speakers split alice bob --samples 1f2e3d4c5b6a7988 --name Bob',
  async run(args, terminal) {
    const [fromId, speakerId] = args.positionals as [string, string];
    const sampleIds = listOption(args, 'samples');
    if (!sampleIds?.length) throw usageError('give the samples of the new person with --samples');
    const consent = {
      name: textOption(args, 'name'),
      consentText: textOption(args, 'consent'),
      consentVersion: textOption(args, 'consent-version'),
    };
    await using engine = await openEngine(args, terminal);
    const speaker = await engine.speakers().split(fromId, { sampleIds, speakerId, ...present(consent) });
    printResult(args, terminal, speaker, `${speakerId} is enrolled with ${speaker.samples} samples of ${fromId}`);
  },
};

/** The commands that mend enrolments. */
export const mendSpeakersCommands: readonly Command[] = [samples, removeSample, merge, split];
