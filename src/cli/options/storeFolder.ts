import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ParsedArguments, Terminal } from '../command.js';
import { textOption } from './parseCommandLine.js';

/** Folder of the voiceprints: `--store`, else `$VOICE_PRINTS_HOME`, else the platform's data folder. Absolute. */
export function storeFolder(args: ParsedArguments, env: Terminal['env'], platform = process.platform): string {
  const chosen = textOption(args, 'store') || env.VOICE_PRINTS_HOME;
  return resolve(chosen || join(dataFolder(env, platform), 'voice-prints'));
}

/** XDG Base Directory on Linux and others, Application Support on macOS, Local AppData on Windows. */
function dataFolder(env: Terminal['env'], platform: NodeJS.Platform): string {
  const home = homedir();
  if (platform === 'win32') return env.LOCALAPPDATA || join(home, 'AppData', 'Local');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  return env.XDG_DATA_HOME || join(home, '.local', 'share');
}
