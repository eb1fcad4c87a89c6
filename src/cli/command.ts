import type { Readable, Writable } from 'node:stream';
import type { VoicePrintsError } from '../index.js';

/** One option of a command, as `--help` shows it. `value` is the name of its argument; an option without it is a flag. */
export interface OptionSpec {
  readonly value?: string;
  readonly short?: string;
  readonly about: string;
}

/** Parsed arguments: names without dashes; flags are `true`. */
export interface ParsedArguments {
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

/** Environment of a command: its input, output and signal. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

/** One command of the command line. */
export interface Command {
  /** Name as typed, one or two words. */
  readonly name: string;
  readonly summary: string;
  /** Operands, e.g. `ID FILE…`. */
  readonly operands: string;
  /** Minimum and maximum number of operands; anything else is a usage error. */
  readonly arity: readonly [number, number];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly example: string;
  /** Additional lines for `--help`. */
  readonly notes?: string;
  /**
   * Throws VoicePrintsError. Returns an error where only part of the work succeeded: the result was printed, with `error` in
   * its JSON, and the exit code is 1.
   */
  run(args: ParsedArguments, terminal: Terminal): Promise<VoicePrintsError | undefined> | Promise<void>;
}
