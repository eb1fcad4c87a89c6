import { createEngine, type Engine } from '../index.js';
import type { ParsedArguments, Terminal } from './command.js';
import { textOption } from './parseCommandLine.js';
import { storeFolder } from './storeFolder.js';

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
    ...extra,
  };
  return createEngine(config, { actor: 'command line' });
}
