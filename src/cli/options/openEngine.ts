import { createEngine, type Engine } from '../../index.js';
import type { OptionSpec, ParsedArguments, Terminal } from '../command.js';
import { textOption } from './parseCommandLine.js';
import { storeFolder } from './storeFolder.js';

/** The option of every command that names voices in recordings. */
export const segmentationOption = {
  segmentation: {
    value: 'ID|FILE|off',
    about:
      'Model that tells apart who talks at once: an id of `models list`, an ONNX file, or off (default: the one in use)',
  },
} as const satisfies Record<string, OptionSpec>;

/** The engine as the common options and the environment describe it. The caller disposes it. */
export async function openEngine(
  args: ParsedArguments,
  terminal: Terminal,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<Engine> {
  const config = {
    storeDirectory: storeFolder(args, terminal.env),
    encryptionKey: terminal.env.VOICE_PRINTS_KEY ?? '',
    model: textOption(args, 'model') ?? '',
    segmentation: textOption(args, 'segmentation') ?? '',
    ...extra,
  };
  return createEngine(config, { actor: 'command line' });
}
