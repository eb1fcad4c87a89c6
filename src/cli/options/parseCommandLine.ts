import { parseArgs } from 'node:util';
import { VoicePrintsError } from '../../index.js';
import type { Command, OptionSpec, ParsedArguments } from '../command.js';
import { didYouMean } from './nearest.js';

/** Options of every command. */
export const commonOptions = {
  store: {
    value: 'DIR',
    about: "Folder of the voiceprints (default $VOICE_PRINTS_HOME, else the system's data folder)",
  },
  model: {
    value: 'ID|FILE',
    about: 'Speaker model: an id of `models list`, or an ONNX file (default: the one in use)',
  },
  json: { about: 'One JSON document on standard output' },
  quiet: { about: 'No progress and no remarks on standard error' },
  help: { short: 'h', about: 'This text' },
} as const satisfies Record<string, OptionSpec>;

/** A usage error: exit code 2. */
export const usageError = (message: string): VoicePrintsError => new VoicePrintsError('USAGE', message);

/** The command named by the first words of `argv`, and the rest; undefined when there is none. Longer names take precedence. */
export function findCommand(
  commands: readonly Command[],
  argv: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  for (const words of [2, 1]) {
    const name = argv.slice(0, words).join(' ');
    const command = commands.find((candidate) => candidate.name === name);
    if (command) return { command, rest: argv.slice(words) };
  }
  return undefined;
}

/** Parses the arguments after the command's name; throws USAGE for an unknown option or a wrong number of operands. */
export function parseCommandLine(command: Command, argv: readonly string[]): ParsedArguments {
  const options = Object.entries({ ...commonOptions, ...command.options }).map(([name, spec]: [string, OptionSpec]) => [
    name,
    { type: spec.value ? 'string' : 'boolean', ...(spec.short ? { short: spec.short } : {}) },
  ]);
  const parsed = parsedOrUsage(command, argv, Object.fromEntries(options));
  const [fewest, most] = command.arity;
  const given = parsed.positionals.length;
  if (!parsed.values.help && (given < fewest || given > most)) {
    const which = given < fewest ? 'an argument is missing' : `"${parsed.positionals[most]}" is one argument too many`;
    throw usageError(`${which}; usage: voice-prints ${command.name} ${command.operands}`.trimEnd());
  }
  return parsed;
}

function parsedOrUsage(
  command: Command,
  argv: readonly string[],
  options: NonNullable<Parameters<typeof parseArgs>[0]>['options'],
): ParsedArguments {
  try {
    const { positionals, values } = parseArgs({ args: [...argv], options: options ?? {}, allowPositionals: true });
    return { positionals, values: values as ParsedArguments['values'] };
  } catch (error) {
    // Only the first sentence of the message, which names the option; the rest is advice on dashes.
    const reason = (error as Error).message.split(/\. /)[0]!.replace(/\.$/, '');
    const problem = reason.charAt(0).toLowerCase() + reason.slice(1);
    const [, typed] = /^unknown option '(--[^']+)'/.exec(problem) ?? [];
    const known = Object.keys(options ?? {}).map((name) => `--${name}`);
    throw usageError(
      `${problem}${typed === undefined ? '' : didYouMean(typed, known)}; see voice-prints ${command.name} --help`,
    );
  }
}

/** The text after `--name`, or undefined. */
export function textOption(args: ParsedArguments, name: string): string | undefined {
  const value = args.values[name];
  return typeof value === 'string' ? value : undefined;
}

/** True when the flag `--name` was given. */
export const hasFlag = (args: ParsedArguments, name: string): boolean => args.values[name] === true;

/** The number after `--name`, or undefined; throws USAGE outside `least`..`most`. */
export function numberOption(
  args: ParsedArguments,
  name: string,
  { least, most, isWhole = false }: { readonly least: number; readonly most: number; readonly isWhole?: boolean },
): number | undefined {
  const text = textOption(args, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  const isGood = text.trim() !== '' && value >= least && value <= most && (!isWhole || Number.isInteger(value));
  if (!isGood) {
    throw usageError(
      `--${name} ${text} is not a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}; correct it`,
    );
  }
  return value;
}

/** The comma-separated values after `--name`, or undefined. */
export function listOption(args: ParsedArguments, name: string): readonly string[] | undefined {
  const words = textOption(args, name)
    ?.split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  if (words?.length === 0) throw usageError(`--${name} has no id; give ids separated by commas`);
  return words;
}
