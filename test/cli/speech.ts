import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Debian's flite voices: different people to the model, too. */
export type Voice = 'awb' | 'kal16' | 'rms' | 'slt';

const STORIES = [
  'The lighthouse keeper counts the ships at breakfast, writes their names into a blue book, and reads them out to his goat when the fog comes in.',
  'My aunt collects broken umbrellas from all over the town; in spring she mends the best of them, and hangs the others in the pear tree for the birds.',
  'There is a train that leaves at six and never tells anybody where it goes, but the people who take it come home with sand in their shoes.',
];

/** A WAV file of one voice telling one of three stories, some nine seconds of speech, 16 kHz mono. */
export function story(folder: string, voice: Voice, number: 0 | 1 | 2): string {
  return spoken(join(folder, `${voice}-${number}.wav`), voice, STORIES[number]!);
}

/** A WAV file of one voice saying `text`. */
export function spoken(file: string, voice: Voice, text: string): string {
  mkdirSync(join(file, '..'), { recursive: true });
  execFileSync('flite', ['-voice', voice, '-t', text, '-o', file]);
  return file;
}
