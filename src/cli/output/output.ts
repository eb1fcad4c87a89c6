import stringWidth from 'string-width';
import { printable, printableJson, printableLine } from '../../display/printable.js';
import type { VoicePrintsError } from '../../index.js';
import type { ParsedArguments, Terminal } from '../command.js';
import { hasFlag } from '../options/parseCommandLine.js';

/** Prints the result of a command: JSON with --json, else text. */
export function printResult(args: ParsedArguments, terminal: Terminal, json: unknown, text: string): void {
  terminal.stdout.write(hasFlag(args, 'json') ? `${printableJson(json)}\n` : `${printable(text)}\n`);
}

/** An error as JSON answers carry it. */
export const errorAnswer = ({ code, message, details }: VoicePrintsError) => ({ error: { code, message, details } });

/** Prints a remark on standard error; silent with --quiet. */
export function remark(args: ParsedArguments, terminal: Terminal, text: string): void {
  if (!hasFlag(args, 'quiet')) terminal.stderr.write(`${printable(text)}\n`);
}

/** Rows as aligned columns, two spaces apart; an optional header is the first row. */
export function table(given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map(printableLine));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, stringWidth(cell));
    });
  }
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell + ' '.repeat(widths[column]! - stringWidth(cell))).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}
