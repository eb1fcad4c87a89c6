import { DEFAULT_FALSE_ACCEPT_PERCENT, FALSE_ACCEPT_PERCENTS, type FalseAcceptPercent } from '../../index.js';
import type { OptionSpec, ParsedArguments } from '../command.js';
import { textOption, usageError } from './parseCommandLine.js';

const PRESETS = `${FALSE_ACCEPT_PERCENTS.slice(0, -1).join(', ')} or ${FALSE_ACCEPT_PERCENTS.at(-1)}`; // 0.1, 1 or 5

/** The option of every command that names voices. */
export const falseAcceptOption = {
  'false-accept': {
    value: 'P',
    about: `Probability in percent that a stranger is named: ${PRESETS} (default ${DEFAULT_FALSE_ACCEPT_PERCENT})`,
  },
} as const satisfies Record<string, OptionSpec>;

/** The given preset, or undefined; throws USAGE for anything else. */
export function falseAcceptOf(args: ParsedArguments): FalseAcceptPercent | undefined {
  const preset = textOption(args, 'false-accept');
  const falseAcceptPercent = FALSE_ACCEPT_PERCENTS.find((percent) => String(percent) === preset);
  if (preset !== undefined && falseAcceptPercent === undefined) {
    throw usageError(`--false-accept ${preset} is not a preset; use ${PRESETS}`);
  }
  return falseAcceptPercent;
}
