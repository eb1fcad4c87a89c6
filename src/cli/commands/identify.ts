import { basename, extname } from 'node:path';
import { MAX_PEOPLE } from '../../core/peopleCount.js';
import { present } from '../../core/present.js';
import { timelineSvg } from '../../display/timelineSvg.js';
import { voiceId } from '../../display/voiceLabel.js';
import { formatRttm } from '../../evaluation/rttm.js';
import type { Identification, IdentifyRequest, RecordingSource } from '../../index.js';
import type { Command, ParsedArguments, Terminal } from '../command.js';
import { audioPartsOf, audioPartsOptions } from '../options/audioSelection.js';
import { falseAcceptOf, falseAcceptOption } from '../options/falseAccept.js';
import { openEngine, segmentationOption } from '../options/openEngine.js';
import { hasFlag, listOption, numberOption, textOption, usageError } from '../options/parseCommandLine.js';
import { rawFormatOf, rawFormatOptions } from '../options/rawFormat.js';
import { printResult, remark } from '../output/output.js';
import { ProgressBar } from '../output/progressBar.js';
import { srt } from '../output/srt.js';
import { turnsTable } from '../output/turnsTable.js';
import { writeWhole } from '../output/writeWhole.js';

export const identify: Command = {
  name: 'identify',
  summary: 'Identify the speakers of a recording',
  operands: 'FILE|-',
  arity: [1, 1],
  options: {
    speakers: { value: 'A,B', about: 'Only these ids (default: everyone enrolled)' },
    'speaker-count': { value: 'N', about: 'Number of people who speak (default: estimated)' },
    'max-speakers': { value: 'N', about: 'Maximum number of people who speak' },
    ...falseAcceptOption,
    ...segmentationOption,
    all: { about: 'Print every turn; by default adjacent turns of one voice are one line' },
    rttm: { value: 'FILE|-', about: 'Also write the turns as RTTM' },
    srt: { value: 'FILE|-', about: 'Also write the turns as subtitles' },
    svg: { value: 'FILE|-', about: 'Also draw the turns as a timeline' },
    ...audioPartsOptions,
    ...rawFormatOptions,
  },
  example: `voice-prints identify meeting.flac --svg meeting.svg
arecord -f S16_LE -r 16000 -d 60 -t raw | voice-prints identify - --encoding s16le --rate 16000`,
  notes: `FILE is any audio; the format is recognised from its bytes. - reads standard input. --rttm -, --srt - and --svg - write to standard
output, in place of the table. --json has every turn.
A voice that is not enrolled is unknown-1, unknown-2 …; "unknown-1 (Alice?)" may be Alice, but is too uncertain
for the chosen --false-accept. The percentage is the calibrated probability that the best name is right.
A recording with several audio tracks or channels is mixed, unless --track or --channel chooses one; with --channel each
every track, or every channel of a single track, is one person.`,
  async run(args, terminal) {
    const printed = printedFile(args);
    const request = requestOf(args, terminal);
    await using engine = await openEngine(args, terminal);
    using bar = new ProgressBar(args, terminal);
    const label = args.positionals[0] === '-' ? 'standard input' : basename(args.positionals[0]!);
    const result = await engine.identify(request, { signal: terminal.signal, onProgress: bar.listener(label) });
    bar[Symbol.dispose]();
    await writeFiles(args, terminal, result);
    const isEveryTurn = hasFlag(args, 'all');
    if (printed === undefined) printResult(args, terminal, result, turnsTable(result, { isEveryTurn }));
    for (const warning of result.warnings) remark(args, terminal, `${warning.code}: ${warning.message}`);
  },
};

const PEOPLE = { least: 1, most: MAX_PEOPLE, isWhole: true } as const;

function requestOf(args: ParsedArguments, terminal: Terminal): IdentifyRequest {
  const speakerIds = listOption(args, 'speakers');
  const falseAcceptPercent = falseAcceptOf(args);
  const { isSpeakerPerChannel, ...selection } = audioPartsOf(args);
  const speakerCount = numberOption(args, 'speaker-count', PEOPLE);
  const maxSpeakers = numberOption(args, 'max-speakers', PEOPLE);
  if (speakerCount !== undefined && maxSpeakers !== undefined) {
    throw usageError('--speaker-count and --max-speakers exclude each other; give one of them');
  }
  return {
    source: { ...sourceOf(args, terminal), ...selection },
    isSpeakerPerChannel,
    ...present({ speakerIds, speakerCount, maxSpeakers, falseAcceptPercent }),
  };
}

function sourceOf(args: ParsedArguments, { stdin }: Terminal): RecordingSource {
  const path = args.positionals[0]!;
  const rawFormat = rawFormatOf(args);
  const raw = rawFormat ? { rawFormat } : {};
  if (path !== '-') return { kind: 'file', path, label: path, ...raw };
  if (stdin.isTTY) throw usageError('standard input is a terminal; pipe a recording in, or name a file');
  return { kind: 'stream', stream: stdin as AsyncIterable<Uint8Array>, label: 'standard input', ...raw };
}

/** The one file to write to standard output, if any. Throws USAGE. */
function printedFile(args: ParsedArguments): string | undefined {
  const printed = ['rttm', 'srt', 'svg'].filter((option) => textOption(args, option) === '-');
  const answers = [...printed, ...(hasFlag(args, 'json') ? ['json'] : [])];
  if (printed.length === 0 || answers.length === 1) return printed[0];
  const options = answers.map((option) => `--${option}`).join(' and ');
  throw usageError(`${options} cannot all go to standard output; give a file to one of them`);
}

async function writeFiles(args: ParsedArguments, terminal: Terminal, result: Identification): Promise<void> {
  const file = args.positionals[0] === '-' ? 'stdin' : args.positionals[0]!;
  // An uncertain voice keeps its cluster in RTTM, where a name would be a claim.
  const turns = result.segments.map((segment) => ({ ...segment, label: voiceId(segment) }));
  const writers = {
    rttm: () => formatRttm(basename(file, extname(file)), turns),
    srt: () => srt(result),
    svg: () => timelineSvg(result, basename(file)),
  };
  for (const [option, content] of Object.entries(writers)) {
    const path = textOption(args, option);
    if (path === '-') terminal.stdout.write(content());
    else if (path !== undefined) await writeWhole(path, content());
  }
}
