import stringWidth from 'string-width';
import type { VoicePrintsError } from '../../index.js';
import type { ParsedArguments, Terminal } from '../command.js';
import { hasFlag } from '../options/parseCommandLine.js';
import { printable, printableJson, printableLine } from './printable.js';

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

/** Formats seconds as a clock: `0:03.2`, `12:40.0`, `1:02:03.4`. */
export function clock(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const pad = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(tenths / 36_000);
  const minutes = Math.floor(tenths / 600) % 60;
  const rest = `${pad(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
  return hours > 0 ? `${hours}:${pad(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** A probability 0..1 as whole percent; never a rounded-up certainty. */
export const percent = (probability: number): string => `${Math.min(99, Math.round(100 * probability))} %`;
