import { type SpeakerDirectory, type SpeakerSummary, VoicePrintsError } from '../../index.js';
import type { Command, ParsedArguments, Terminal } from '../command.js';
import { openEngine } from '../options/openEngine.js';
import { hasFlag, listOption, numberOption, textOption } from '../options/parseCommandLine.js';
import { askPassphrase } from '../options/passphrase.js';
import { readBytes } from '../options/readBytes.js';
import { printResult, remark, table } from '../output/output.js';
import { writeWhole } from '../output/writeWhole.js';

async function withSpeakers<T>(
  args: ParsedArguments,
  terminal: Terminal,
  work: (speakers: SpeakerDirectory) => Promise<T>,
): Promise<T> {
  await using engine = await openEngine(args, terminal);
  return await work(engine.speakers());
}

const stateOf = ({ isStale, samplesWithAudio, isComplete }: SpeakerSummary): string => {
  if (isStale) return samplesWithAudio > 0 ? 'other model, audio kept' : 'enrol again: other model';
  return isComplete ? 'complete' : 'incomplete';
};

const MOST_LISTED = 10_000;

/** One person as a row of the table. */
const row = (speaker: SpeakerSummary): readonly string[] => [
  speaker.speakerId,
  speaker.name,
  stateOf(speaker),
  `${speaker.speechSeconds.toFixed(1)} s`,
  speaker.quality,
  String(speaker.samples),
];

const speakersTable = (speakers: readonly SpeakerSummary[]): string =>
  speakers.length === 0
    ? 'No speaker is enrolled yet; see voice-prints enroll --help'
    : table([['ID', 'NAME', 'STATE', 'SPEECH', 'QUALITY', 'SAMPLES'], ...speakers.map(row)]);

const card = (speaker: SpeakerSummary): string =>
  table([
    ['id', speaker.speakerId],
    ['name', speaker.name],
    ['state', row(speaker)[2]!],
    ['speech', `${speaker.speechSeconds.toFixed(1)} s of ${speaker.audioSeconds.toFixed(1)} s`],
    ['quality', speaker.quality],
    ['samples', `${speaker.samples}, audio of ${speaker.samplesWithAudio} kept`],
    ['language', speaker.languageCode ?? 'not given'],
    ['model', speaker.model],
    ['consent', consentLine(speaker)],
    ['enrolled', speaker.createdAt],
    ['changed', speaker.updatedAt],
  ]);

function consentLine({ consent }: SpeakerSummary): string {
  if (!consent) return 'none recorded';
  const { text, version, givenAt, recordedBy } = consent;
  const about = [version && `version ${version}`, givenAt, recordedBy && `recorded by ${recordedBy}`];
  return `${text} (${about.filter(Boolean).join(', ')})`;
}

const notFound = (speakerId: string): VoicePrintsError =>
  new VoicePrintsError('SPEAKER_NOT_FOUND', `no speaker is enrolled as ${speakerId}; see voice-prints speakers list`, {
    details: { speakerId },
  });

const list: Command = {
  name: 'speakers list',
  summary: 'List the enrolled people',
  operands: '',
  arity: [0, 0],
  options: {
    limit: { value: 'N', about: 'Only so many (default: all), by id' },
    after: { value: 'ID', about: 'Only those after this id: the last one of the page before' },
  },
  example: 'voice-prints speakers list --json',
  async run(args, terminal) {
    const limit = numberOption(args, 'limit', { least: 1, most: MOST_LISTED, isWhole: true });
    const after = textOption(args, 'after');
    if (limit === undefined && after === undefined) {
      const speakers = await withSpeakers(args, terminal, (directory) => directory.list());
      printResult(args, terminal, speakers, speakersTable(speakers));
      return;
    }
    const { speakers, cursor } = await withSpeakers(args, terminal, (directory) =>
      directory.page({ limit: limit ?? MOST_LISTED, cursor: after }),
    );
    printResult(args, terminal, speakers, speakersTable(speakers));
    if (cursor !== undefined) remark(args, terminal, `There are more: --after ${cursor}`);
  },
};

const show: Command = {
  name: 'speakers show',
  summary: 'Show one person: samples, quality, consent; never the voiceprint itself',
  operands: 'ID',
  arity: [1, 1],
  options: {},
  example: 'voice-prints speakers show alice',
  async run(args, terminal) {
    const id = args.positionals[0]!;
    const speaker = await withSpeakers(args, terminal, (directory) => directory.get(id));
    if (!speaker) throw notFound(id);
    printResult(args, terminal, speaker, card(speaker));
  },
};

const rename: Command = {
  name: 'speakers rename',
  summary: 'Change the name of a person; the id stays',
  operands: 'ID NAME',
  arity: [2, 2],
  options: {},
  example: 'voice-prints speakers rename alice "Alice Liddell"',
  async run(args, terminal) {
    const [id, name] = args.positionals as [string, string];
    const speaker = await withSpeakers(args, terminal, (directory) => directory.rename(id, name));
    printResult(args, terminal, speaker, `${speaker.speakerId} is now named ${speaker.name}`);
  },
};

const erase: Command = {
  name: 'speakers delete',
  summary: 'Erase a person permanently',
  operands: 'ID',
  arity: [1, 1],
  options: {},
  example: 'voice-prints speakers delete alice',
  async run(args, terminal) {
    const id = args.positionals[0]!;
    const isDeleted = await withSpeakers(args, terminal, (directory) => directory.delete(id));
    if (!isDeleted) throw notFound(id);
    printResult(args, terminal, { speakerId: id, deleted: true }, `${id} is erased`);
  },
};

const exportSpeakers: Command = {
  name: 'speakers export',
  summary: 'Write voiceprints to a file, encrypted under a passphrase',
  operands: 'FILE',
  arity: [1, 1],
  options: { speakers: { value: 'A,B', about: 'Only these ids (default: all people)' } },
  example: 'VOICE_PRINTS_PASSPHRASE="four words of mine" voice-prints speakers export voices.vpx',
  notes:
    'Without VOICE_PRINTS_PASSPHRASE the passphrase is asked for. Anyone with the file and the passphrase has the voiceprints.',
  async run(args, terminal) {
    const file = args.positionals[0]!;
    const ids = listOption(args, 'speakers');
    const passphrase = await askPassphrase(terminal, { isNew: true });
    const bytes = await withSpeakers(args, terminal, (directory) => directory.export(passphrase, ids));
    await writeWhole(file, bytes, 0o600);
    printResult(args, terminal, { file, bytes: bytes.length }, `${file}: ${bytes.length} bytes, encrypted`);
  },
};

const importSpeakers: Command = {
  name: 'speakers import',
  summary: 'Read voiceprints from a file that export wrote',
  operands: 'FILE',
  arity: [1, 1],
  options: { replace: { about: 'Overwrite people who are enrolled already (default: refuse, all or nothing)' } },
  example: 'VOICE_PRINTS_PASSPHRASE="four words of mine" voice-prints speakers import voices.vpx --store ./other',
  async run(args, terminal) {
    const file = args.positionals[0]!;
    const bytes = await readBytes(file);
    const passphrase = await askPassphrase(terminal, { isNew: false });
    const replace = hasFlag(args, 'replace');
    const speakers = await withSpeakers(args, terminal, (directory) =>
      directory.import(bytes, passphrase, { replace }),
    );
    printResult(args, terminal, speakers, speakersTable(speakers));
    const stale = speakers.filter((speaker) => speaker.isStale).length;
    if (stale > 0) remark(args, terminal, `${stale} of them were made with another model and must be enrolled again.`);
  },
};

/** The `speakers` commands. */
export const speakersCommands: readonly Command[] = [list, show, rename, erase, exportSpeakers, importSpeakers];
