import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Synthetic voices of the Debian package flite: four people to the model, too. */
export type FliteVoice = 'slt' | 'awb' | 'rms' | 'kal16';

/** Different words for each occasion, each 13 to 17 s with most of it speech. */
export const TEXTS = [
  'Good morning everybody. The weather station on the hill reports light wind from the west, and the harbour master expects four ships before noon. Please keep the northern gate closed until the inspection has ended, and tell the night shift about the new key and the lamp by the stairs.',
  'Yesterday the committee agreed on a budget for the library. There will be new chairs, more lamps, and a quiet room for children. Nobody has decided yet what happens with the old piano in the hall, although three people have asked for it already this month.',
  'When the train finally left the valley, most of the passengers were asleep. A young man near the window counted bridges, and wrote each number carefully into a small green book. Later he closed it, and asked the guard for a glass of water and the time.',
] as const;

/** Speaks `text` into a WAV file of the folder and returns its path. */
export function speak(voice: FliteVoice, text: string, folder: string, name: string): string {
  const path = join(folder, name);
  try {
    execFileSync('flite', ['-voice', voice, '-t', text, '-o', path], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    throw new Error('these tests speak with flite: apt-get install flite', { cause: error });
  }
  return path;
}
