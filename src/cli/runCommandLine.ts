import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { printableJson, printableLine } from '../display/printable.js';
import { asVoicePrintsError, VoicePrintsError } from '../index.js';
import type { Command, Terminal } from './command.js';
import { commands } from './commands.js';
import { commandHelp, generalHelp, groupHelp } from './help.js';
import { didYouMean } from './options/nearest.js';
import { findCommand, hasFlag, parseCommandLine, usageError } from './options/parseCommandLine.js';
import { errorAnswer } from './output/output.js';

/** Exit codes: 0 success, 1 failure, 2 usage error; 130 for Ctrl-C, as in shells. */
const EXIT = { done: 0, failed: 1, usage: 2, stopped: 130 } as const;

/** Runs one command line; returns the exit code and never throws. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    if (argv.length === 0) throw usageError('no command was given; see voice-prints --help');
    if (argv[0] === '--version') {
      terminal.stdout.write(`${packageVersion()}\n`);
      return EXIT.done;
    }
    if (['--help', '-h', 'help'].includes(argv[0]!)) {
      if (argv.length > 1) return await runCommandLine([...argv.slice(1), '--help'], terminal);
      terminal.stdout.write(generalHelp(commands, packageVersion()));
      return EXIT.done;
    }
    const found = findCommand(commands, argv);
    if (!found) return unknownCommand(argv, terminal);
    const args = parseCommandLine(found.command, found.rest);
    if (hasFlag(args, 'help')) {
      terminal.stdout.write(commandHelp(found.command));
      return EXIT.done;
    }
    const partly = await found.command.run(args, terminal);
    if (!(partly instanceof VoicePrintsError)) return EXIT.done;
    terminal.stderr.write(errorLine(partly));
    return EXIT.failed;
  } catch (thrown) {
    return report(terminal.signal.aborted ? aborted(thrown) : asVoicePrintsError(thrown), argv, terminal);
  }
}

/** A group such as `speakers` alone or with --help lists its commands; anything else is a usage error. */
function unknownCommand(argv: readonly string[], terminal: Terminal): number {
  const group = commands.filter((command: Command) => command.name.startsWith(`${argv[0]} `));
  if (group.length > 0 && argv.some((word) => word === '--help' || word === '-h')) {
    terminal.stdout.write(groupHelp(argv[0]!, group));
    return EXIT.done;
  }
  const [first, second] = argv as [string, string?];
  if (group.length === 0) {
    const words = new Set(commands.map(({ name }) => name.split(' ')[0]!));
    throw usageError(
      first.startsWith('-')
        ? `${first} comes after a command; see voice-prints --help`
        : `there is no command "${first}"${didYouMean(first, words)}; see voice-prints --help`,
    );
  }
  const choice = group.map(({ name }) => name.slice(first.length + 1));
  const meant = second === undefined ? '' : didYouMean(second, choice);
  throw usageError(
    meant === ''
      ? `${first} needs one of: ${choice.join(', ')}; see voice-prints ${first} --help`
      : `${first} has no command "${second}"${meant}; see voice-prints ${first} --help`,
  );
}

const errorLine = ({ code, message }: VoicePrintsError): string => `${code}: ${printableLine(message)}\n`;

/** One line on standard error, and with --json the same as an object on standard output. */
function report(error: VoicePrintsError, argv: readonly string[], terminal: Terminal): number {
  const { code } = error;
  terminal.stderr.write(errorLine(error));
  if (argv.includes('--json')) terminal.stdout.write(`${printableJson(errorAnswer(error))}\n`);
  // Unexpected failure: the stack is needed to repair it.
  if (code === 'INTERNAL' && error.cause instanceof Error) terminal.stderr.write(`${error.cause.stack}\n`);
  if (code === 'ABORTED') return EXIT.stopped;
  return code === 'USAGE' ? EXIT.usage : EXIT.failed;
}

/** Any failure after Ctrl-C is reported as Ctrl-C. */
function aborted(cause: unknown): VoicePrintsError {
  return asVoicePrintsError(Object.assign(new Error('stopped', { cause }), { name: 'AbortError' }));
}

function packageVersion(): string {
  // The package's own name resolves from any depth: the compiled file is two folders deeper than the source.
  const path = createRequire(import.meta.url).resolve('@voice-prints/node-red/package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
