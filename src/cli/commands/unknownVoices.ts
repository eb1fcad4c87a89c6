import { present } from '../../core/present.js';
import { LEAST_SPEECH_MS } from '../../engine/enrolment/enrollGate.js';
import { COMPLETE_SPEECH_MS, type UnknownVoiceSummary, VoicePrintsError } from '../../index.js';
import type { Command } from '../command.js';
import { consentVersionOption, openEngine } from '../options/openEngine.js';
import { hasFlag, textOption, usageError } from '../options/parseCommandLine.js';
import { printEnrolment } from '../output/enrolment.js';
import { printResult, table } from '../output/output.js';

const row = (voice: UnknownVoiceSummary): readonly string[] => [
  voice.unknownId,
  voice.isStale ? 'other model' : 'recognised',
  `${voice.speechSeconds.toFixed(1)} s`,
  voice.firstHeardAt,
  voice.lastHeardAt,
  voice.expiresAt ?? 'with its session',
];

const unknownsTable = (voices: readonly UnknownVoiceSummary[]): string =>
  voices.length === 0
    ? 'No unknown voice is kept; serve and watch keep them for longer than a session with --strangers days=N'
    : table([['ID', 'STATE', 'SPEECH', 'FIRST HEARD', 'LAST HEARD', 'EXPIRES'], ...voices.map(row)]);

const list: Command = {
  name: 'speakers unknowns',
  summary: 'List the unknown voices of live streams',
  operands: '',
  arity: [0, 0],
  options: {},
  example: 'voice-prints speakers unknowns --json',
  async run(args, terminal) {
    await using engine = await openEngine(args, terminal);
    const voices = await engine.speakers().unknowns();
    printResult(args, terminal, voices, unknownsTable(voices));
  },
};

const enroll: Command = {
  name: 'speakers enroll',
  summary: 'Make a voiceprint of an unknown voice, or add it to one',
  operands: 'UNKNOWN ID',
  arity: [2, 2],
  options: {
    name: { value: 'NAME', about: 'Name of the person (default: the name stored, else the id)' },
    consent: { value: 'TEXT', about: 'How and when the person agreed; kept with the voiceprint' },
    ...consentVersionOption,
    language: { value: 'CODE', about: 'Language of the speech, e.g. en-US; stored, never required' },
  },
  example: 'voice-prints speakers enroll unknown-3 alice --name "Alice" --consent "asked at the door"',
  notes: `UNKNOWN is an id of speakers unknowns. The rules are those of recordings: at least ${LEAST_SPEECH_MS / 1000} s of clean speech of one person,
complete at ${COMPLETE_SPEECH_MS / 1000} s. The unknown voice is then erased.`,
  async run(args, terminal) {
    const [cluster, speakerId] = args.positionals as [string, string];
    const name = textOption(args, 'name');
    const consentText = textOption(args, 'consent');
    const consentVersion = textOption(args, 'consent-version');
    const languageCode = textOption(args, 'language');
    await using engine = await openEngine(args, terminal);
    const result = await engine.speakers().enrollUnknown({
      cluster,
      speakerId,
      ...present({ name, consentText, consentVersion, languageCode }),
    });
    printEnrolment(args, terminal, result); // live speech has no list of files: rejected parts are printed as remarks
  },
};

const forget: Command = {
  name: 'speakers forget',
  summary: 'Erase an unknown voice permanently; --all erases all of them',
  operands: '[UNKNOWN]',
  arity: [0, 1],
  options: { all: { about: 'All unknown voices; enrolled people stay' } },
  example: 'voice-prints speakers forget unknown-3',
  async run(args, terminal) {
    const [unknownId] = args.positionals;
    const isAll = hasFlag(args, 'all');
    if (isAll === (unknownId !== undefined)) throw usageError('give one unknown voice, or --all');
    await using engine = await openEngine(args, terminal);
    const speakers = engine.speakers();
    if (unknownId !== undefined) {
      if (!(await speakers.forgetUnknown(unknownId))) throw notFound(unknownId);
      printResult(args, terminal, { unknownId, deleted: true }, `${unknownId} is erased`);
      return;
    }
    const ids = (await speakers.unknowns()).map((voice) => voice.unknownId);
    for (const id of ids) await speakers.forgetUnknown(id);
    printResult(args, terminal, { unknownIds: ids, deleted: true }, `${ids.length} unknown voices are erased`);
  },
};

const notFound = (unknownId: string): VoicePrintsError =>
  new VoicePrintsError(
    'CLUSTER_NOT_FOUND',
    `no unknown voice ${unknownId.slice(0, 40)} is kept; see voice-prints speakers unknowns`,
  );

/** The `unknown-voices` commands. */
export const unknownVoicesCommands: readonly Command[] = [list, enroll, forget];
