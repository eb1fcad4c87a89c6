import { createEngine, type Engine, type EngineOptions, type Strangers } from '../../index.js';
import type { OptionSpec, ParsedArguments, Terminal } from '../command.js';
import { hasFlag, textOption } from './parseCommandLine.js';
import { storePlace } from './storePlace.js';

/** The option of every command that names voices in recordings. */
export const segmentationOption = {
  segmentation: {
    value: 'ID|FILE|off',
    about:
      'Model that separates overlapping speakers: an id of `models list`, an ONNX file, or off (default: the one in use)',
  },
} as const satisfies Record<string, OptionSpec>;

/** Beside --consent. */
export const consentVersionOption = {
  'consent-version': { value: 'VERSION', about: 'Version of the consent text that the person was shown' },
} as const satisfies Record<string, OptionSpec>;

/** The option of the commands that work on live streams. */
export const strangersOption = {
  strangers: {
    value: 'none|session|days=N',
    about:
      'What is kept of unknown voices: nothing, in memory while the session runs (default), or for N days in the store',
  },
} as const satisfies Record<string, OptionSpec>;

/** Opens the engine from the common options and the environment. The caller disposes it. */
export async function openEngine(
  args: ParsedArguments,
  terminal: Terminal,
  extra: Partial<EngineOptions> = {},
): Promise<Engine> {
  const strangers = textOption(args, 'strangers') || terminal.env.VOICE_PRINTS_STRANGERS || undefined;
  const config = {
    ...storePlace(args, terminal.env),
    encryptionKey: terminal.env.VOICE_PRINTS_KEY || undefined,
    model: textOption(args, 'model') || undefined,
    segmentation: textOption(args, 'segmentation') || undefined,
    requireConsent: isOn(terminal.env.VOICE_PRINTS_REQUIRE_CONSENT) || hasFlag(args, 'require-consent'),
    strangers: strangers as Strangers | undefined, // checked by the engine
    rememberTurns: false, // a command ends before anybody could correct them
    ...extra,
  };
  return createEngine(config, { actor: 'command line' });
}

const isOn = (text: string | undefined): boolean => text !== undefined && !['', '0', 'no', 'false'].includes(text);
