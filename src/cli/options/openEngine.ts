import { createEngine, type Engine, type EngineOptions } from '../../index.js';
import type { OptionSpec, ParsedArguments, Terminal } from '../command.js';
import { textOption } from './parseCommandLine.js';
import { storeFolder } from './storeFolder.js';

/** The option of every command that names voices in recordings. */
export const segmentationOption = {
  segmentation: {
    value: 'ID|FILE|off',
    about:
      'Model that separates overlapping speakers: an id of `models list`, an ONNX file, or off (default: the one in use)',
  },
} as const satisfies Record<string, OptionSpec>;

/** Opens the engine from the common options and the environment. The caller disposes it. */
export async function openEngine(
  args: ParsedArguments,
  terminal: Terminal,
  extra: Partial<EngineOptions> = {},
): Promise<Engine> {
  const config = {
    storeDirectory: storeFolder(args, terminal.env),
    encryptionKey: terminal.env.VOICE_PRINTS_KEY || undefined,
    model: textOption(args, 'model') || undefined,
    segmentation: textOption(args, 'segmentation') || undefined,
    ...extra,
  };
  return createEngine(config, { actor: 'command line' });
}
