import type { FalseAcceptPercent } from '../../index.js';
import type { OptionSpec, ParsedArguments } from '../command.js';
import { textOption, usageError } from './parseCommandLine.js';

const PRESETS: readonly FalseAcceptPercent[] = [0.1, 1, 5];

/** The option of every command that names voices. */
export const falseAcceptOption = {
  'false-accept': { value: 'P', about: 'Probability in percent that a stranger is named: 0.1, 1 or 5 (default 1)' },
} as const satisfies Record<string, OptionSpec>;

/** The given preset, or undefined; throws USAGE for anything else. */
export function falseAcceptOf(args: ParsedArguments): FalseAcceptPercent | undefined {
  const preset = textOption(args, 'false-accept');
  const falseAcceptPercent = PRESETS.find((percent) => String(percent) === preset);
  if (preset !== undefined && falseAcceptPercent === undefined) {
    throw usageError(`--false-accept ${preset} is not a preset; use 0.1, 1 or 5`);
  }
  return falseAcceptPercent;
}
