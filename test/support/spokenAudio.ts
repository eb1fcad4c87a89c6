import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Long enough for a complete enrolment: some 15 seconds in every voice. */
const ENROLMENT = `The morning train was late again, so we walked along the river and talked about the garden.
She told me that the roses had suffered from the frost, but the apple trees were already in bloom.
Later we bought fresh bread and cheese, sat down near the bridge, and watched the boats go by for an hour.
When the rain began, everybody ran to the old station and waited there until the sky was clear.`;

const TURNS = [
  'Good evening everybody. I would like to begin with the numbers of last month, which were better than expected.',
  'Thank you. Before we come to that, could somebody please explain why the second delivery never arrived here?',
  'Excuse me for coming in so late. My name is on the list for the visitors, and I have a short question to ask.',
  'We will look at your question in a moment. First of all let us finish with the report and then take a break.',
];

/** Speech made when the tests run: slt and rms are to be enrolled, kal16 is a visitor. Needs flite, flac, ffmpeg and sox. */
export interface SpokenAudio extends Disposable {
  readonly directory: string;
  readonly slt: string;
  readonly rms: string;
  /** About 8 seconds of awb: accepted, not complete. */
  readonly some: string;
  /** The rest of what `some` begins. */
  readonly more: string;
  /** About 2 seconds of awb. */
  readonly little: string;
  /** slt, rms, kal16 and slt again, with the ends of their turns in seconds. */
  readonly talk: string;
  readonly turns: readonly { readonly voice: string; readonly start: number; readonly end: number }[];
  /** The talk over and over, more than two minutes. */
  readonly long: string;
  /** The same audio in another container or codec; `extension` decides. */
  as(wav: string, extension: 'flac' | 'mp3' | 'ogg' | 'm4a' | 's16' | 'ul'): string;
}

/** Runs a program of the system; says what to install where it is missing. */
function run(program: string, ...args: string[]): void {
  try {
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`these tests need ${program}: apt-get install flite flac ffmpeg sox`, { cause: error });
  }
}

export function spokenAudio(): SpokenAudio {
  const directory = mkdtempSync(join(tmpdir(), 'voice-prints-api-'));
  const path = (name: string) => join(directory, name);
  const speak = (voice: string, text: string, name: string) => {
    run('flite', '-voice', voice, '-t', text, path(`raw-${name}`));
    run('sox', path(`raw-${name}`), '-r', '16000', '-c', '1', path(name), 'pad', '0.3', '0.3');
    return path(name);
  };
  const voices = ['slt', 'rms', 'kal16', 'slt'];
  const parts = voices.map((voice, i) => speak(voice, TURNS[i]!, `turn${i}.wav`));
  run('sox', ...parts, path('talk.wav'));
  run('sox', path('talk.wav'), path('long.wav'), 'repeat', '4');
  const awb = speak('awb', ENROLMENT, 'awb.wav');
  run('sox', awb, path('some.wav'), 'trim', '0', '9');
  run('sox', awb, path('more.wav'), 'trim', '9');
  run('sox', awb, path('little.wav'), 'trim', '0', '2.5');
  let at = 0;
  const turns = parts.map((part, i) => {
    const start = at;
    at += Number(execFileSync('soxi', ['-D', part], { encoding: 'utf8' }));
    return { voice: voices[i]!, start, end: at };
  });
  return {
    directory,
    slt: speak('slt', ENROLMENT, 'slt.wav'),
    rms: speak('rms', ENROLMENT, 'rms.wav'),
    some: path('some.wav'),
    more: path('more.wav'),
    little: path('little.wav'),
    talk: path('talk.wav'),
    turns,
    long: path('long.wav'),
    as: (wav, extension) => convert(wav, extension),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function convert(wav: string, extension: string): string {
  const out = wav.replace(/\.wav$/, `.${extension}`);
  if (extension === 'flac') run('flac', '--silent', '--force', '-o', out, wav);
  else if (extension === 's16') run('sox', wav, '-t', 'raw', '-e', 'signed-integer', '-b', '16', out);
  else if (extension === 'ul') run('sox', wav, '-t', 'raw', '-r', '8000', '-e', 'mu-law', '-b', '8', out);
  // ffmpeg's own choice for MP3 at 16 kHz, 24 kbit/s, cuts everything above 6 kHz.
  else run('ffmpeg', '-v', 'error', '-y', '-i', wav, '-b:a', '64k', out);
  return out;
}
