import type { Readable, Writable } from 'node:stream';
import type { VoicePrintsError } from '../index.js';

/** One option of a command, as `--help` shows it. `value` names what follows; an option without it is a flag. */
export interface OptionSpec {
  readonly value?: string;
  readonly short?: string;
  readonly about: string;
}

/** What the user typed, parsed: names without dashes; flags are `true`. */
export interface ParsedArguments {
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

/** The world outside the command: everything it may read, write or be stopped by. */
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
  /** One or two words, as typed. */
  readonly name: string;
  readonly summary: string;
  /** What follows the name, e.g. `ID FILE…`. */
  readonly operands: string;
  /** Fewest and most operands; anything else is wrong usage. */
  readonly arity: readonly [number, number];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly example: string;
  /** More lines for `--help`. */
  readonly notes?: string;
  /**
   * Throws VoicePrintsError. Returning means the work is done; a returned error that only part of it is: the result was
   * printed, with `error` in its JSON, and the exit code is 1.
   */
  run(args: ParsedArguments, terminal: Terminal): Promise<VoicePrintsError | undefined> | Promise<void>;
}
