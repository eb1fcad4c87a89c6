import { present } from '../../core/present.js';
import {
  type DiarizationErrorOptions,
  type DiarizationPercent,
  diarizationErrorOf,
  diarizationPercent,
} from '../../evaluation/diarizationError.js';
import { parseRttm } from '../../evaluation/rttm.js';
import { VoicePrintsError } from '../../index.js';
import type { Command, ParsedArguments } from '../command.js';
import { hasFlag, listOption, numberOption, usageError } from '../options/parseCommandLine.js';
import { readText } from '../options/readBytes.js';
import { printResult, table } from '../output/output.js';

export const evalDer: Command = {
  name: 'eval der',
  summary: 'Measure the diarization error of RTTM turns against a reference',
  operands: 'REF.rttm HYP.rttm',
  arity: [2, 2],
  options: {
    collar: { value: 'SECONDS', about: 'Unscored time on each side of every reference boundary (default 0.25)' },
    named: { about: 'Names must agree too; all turns named unknown…, null or <NA> count as one voice' },
    enrolled: { value: 'A,B', about: 'With --named: the people enrolled; for others, unknown is the right name' },
  },
  example: 'voice-prints eval der truth.rttm answer.rttm --collar 0.25 --named',
  notes: `Both files may hold several recordings (second field of a line): their seconds are added up. Overlap is scored.
References often name people who are not enrolled: list the enrolled ones with --enrolled. Without it, all people named
in either file count as enrolled. Names are compared as in RTTM, with underscores for spaces.`,
  async run(args, terminal) {
    const collarMs = Math.round(1000 * (numberOption(args, 'collar', { least: 0, most: 10 }) ?? 0.25));
    const scoring = { collarMs, ...namesOf(args) };
    const [reference, hypothesis] = await Promise.all(
      args.positionals.map(async (file) => ({ file, recordings: recordingsOf(file, await readText(file)) })),
    );
    const truth = [...reference!.recordings];
    const isSingle = truth.length === 1 && hypothesis!.recordings.size === 1;
    const errors = truth.map(([id, turns]) => {
      const answer = isSingle ? [...hypothesis!.recordings.values()][0] : hypothesis!.recordings.get(id);
      return diarizationErrorOf(turns, answer ?? [], scoring);
    });
    // A hypothesis for a recording that the reference lacks is all false alarm, never silently ignored.
    if (!isSingle) {
      const strangers = [...hypothesis!.recordings].filter(([id]) => !reference!.recordings.has(id));
      errors.push(...strangers.map(([, turns]) => diarizationErrorOf([], turns, scoring)));
    }
    const percent = diarizationPercent(errors);
    printResult(args, terminal, percent, report(percent));
  },
};

/** Whether names are scored, and whose. */
function namesOf(args: ParsedArguments): Pick<DiarizationErrorOptions, 'isNamed' | 'enrolled'> {
  const isNamed = hasFlag(args, 'named');
  const enrolled = listOption(args, 'enrolled')?.map((name) => name.replaceAll(/\s+/g, '_'));
  if (enrolled && !isNamed) throw usageError('--enrolled lists the people enrolled; use it with --named');
  return { isNamed, ...present({ enrolled }) };
}

/** The turns of each recording in the file. */
function recordingsOf(file: string, text: string): ReadonlyMap<string, ReturnType<typeof parseRttm>> {
  const lines = text.split(/\r?\n/);
  const idOf = (line: string) => /^\s*SPEAKER\s+(\S+)/.exec(line)?.[1];
  const ids = new Set(lines.flatMap((line) => idOf(line) ?? []));
  if (ids.size === 0) {
    throw new VoicePrintsError('INPUT_INVALID', `${file} has no SPEAKER line; give a file in RTTM format`, {
      details: { file },
    });
  }
  // Lines of other recordings are blanked, not removed, so that errors give the right line number.
  return new Map(
    [...ids].map((id) => [id, parseRttm(lines.map((line) => (idOf(line) === id ? line : '')).join('\n'))]),
  );
}

const report = (percent: DiarizationPercent): string =>
  table(
    [
      ['diarization error', percent.derPercent] as const,
      ['  missed', percent.missedPercent] as const,
      ['  false alarm', percent.falseAlarmPercent] as const,
      ['  confusion', percent.confusionPercent] as const,
      ['Jaccard error', percent.jerPercent] as const,
    ].map(([name, value]) => [name, `${value.toFixed(2).padStart(6)} %`]),
  );
