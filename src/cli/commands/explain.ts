import { HTTP_GUIDE } from '../../api/refusals/httpCodeGuide.js';
import { type CodeMeaning, ERROR_GUIDE, SAMPLE_GUIDE, WARNING_GUIDE } from '../../core/codeGuide.js';
import type { Command } from '../command.js';
import { didYouMean } from '../options/nearest.js';
import { hasFlag, usageError } from '../options/parseCommandLine.js';
import { printResult, table } from '../output/output.js';

interface Explained extends CodeMeaning {
  readonly code: string;
}

const listed = (guide: Readonly<Record<string, CodeMeaning>>): Explained[] =>
  Object.entries(guide).map(([code, meaning]) => ({ code, ...meaning }));

const all = (): Explained[] => [ERROR_GUIDE, HTTP_GUIDE, WARNING_GUIDE, SAMPLE_GUIDE].flatMap((guide) => listed(guide));

/** A Markdown table, as in the documents. */
const markdown = (rows: readonly Explained[]): string =>
  [
    '| code | means | what to do |',
    '|---|---|---|',
    ...rows.map(({ code, means, remedy }) => `| \`${code}\` | ${means} | ${remedy} |`),
  ].join('\n');

const plain = (text: string): string => text.replaceAll(/[`*]/g, '');

export const explain: Command = {
  name: 'explain',
  summary: 'What a code means (of an error, a warning, or a refused sample), and what to do',
  operands: '[CODE…]',
  arity: [0, 1_000],
  options: { markdown: { about: 'A table for documents' } },
  example: 'voice-prints explain AUDIO_CORRUPT',
  async run(args, terminal) {
    const codes = args.positionals.map((code) => code.toUpperCase());
    const unknown = codes.find((code) => !all().some((one) => one.code === code));
    if (unknown !== undefined) {
      const near = didYouMean(
        unknown,
        all().map(({ code }) => code),
      );
      throw usageError(`there is no code ${unknown}${near}; voice-prints explain lists all of them`);
    }
    const rows = codes.length === 0 ? all() : all().filter(({ code }) => codes.includes(code));
    const text = hasFlag(args, 'markdown')
      ? markdown(rows)
      : table(rows.map(({ code, means, remedy }) => [code, `${plain(means)}; ${plain(remedy)}`]));
    printResult(args, terminal, rows, text);
  },
};
