// Makes the demo's recordings with Debian's speech synthesizers (package flite; festival's voices work, too):
// three enrolment samples per person, one conversation with a visitor, and its truth as RTTM.
// Usage: node scripts/demo/makeAudio.mjs [FOLDER]   (default .demo/audio)
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { conversation, pausesSeconds, people, visitor } from './scene.mjs';
import { readWav, writeWav } from './wav.mjs';

const SAMPLE_RATE_HZ = 16_000;
/** Root mean square of every turn, so that nobody shouts: about -23 dB of full scale. */
const LEVEL = 2_300;

/** Speech of one voice: Int16Array at 16 kHz, levelled. */
export function speak(voice, text) {
  const folder = mkdtempSync(join(tmpdir(), 'voice-prints-demo-'));
  const file = join(folder, 'speech.wav');
  try {
    if (voice === 'ked') {
      const textFile = join(folder, 'speech.txt');
      writeFileSync(textFile, text);
      execFileSync('text2wave', ['-eval', '(voice_ked_diphone)', '-o', file, textFile], { stdio: 'pipe' });
    } else {
      execFileSync('flite', ['-voice', voice, '-t', text, '-o', file], { stdio: 'pipe' });
    }
    const { samples, sampleRateHz } = readWav(file);
    if (sampleRateHz !== SAMPLE_RATE_HZ) throw new Error(`voice ${voice} speaks at ${sampleRateHz} Hz, not 16000`);
    return levelled(samples);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function levelled(samples) {
  let power = 0;
  let peak = 1;
  for (const sample of samples) {
    power += sample * sample;
    peak = Math.max(peak, Math.abs(sample));
  }
  const gain = Math.min(LEVEL / Math.max(1, Math.sqrt(power / samples.length)), 30_000 / peak);
  return samples.map((sample) => Math.round(sample * gain));
}

/** Makes everything under `folder`; answers the paths. */
export function makeDemoAudio(folder) {
  mkdirSync(folder, { recursive: true });
  const enrolment = people.map(({ id, name, voice, samples }) => ({
    id,
    name,
    files: samples.map((text, index) => {
      const file = join(folder, `${id}-${index + 1}.wav`);
      writeWav(file, speak(voice, text), SAMPLE_RATE_HZ);
      return file;
    }),
  }));
  const { samples, rttm } = spokenConversation();
  const conversationFile = join(folder, 'conversation.wav');
  writeWav(conversationFile, samples, SAMPLE_RATE_HZ);
  writeFileSync(join(folder, 'conversation.rttm'), rttm);
  return { enrolment, conversation: conversationFile };
}

function spokenConversation() {
  const voices = Object.fromEntries([...people, visitor].map(({ id, voice }) => [id, voice]));
  const pieces = [];
  let rttm = '';
  let at = 0;
  const append = (samples) => {
    pieces.push(samples);
    at += samples.length;
  };
  append(new Int16Array(SAMPLE_RATE_HZ / 2));
  conversation.forEach(([id, text], turn) => {
    const speech = speak(voices[id], text);
    const seconds = (samples) => (samples / SAMPLE_RATE_HZ).toFixed(3);
    rttm += `SPEAKER conversation 1 ${seconds(at)} ${seconds(speech.length)} <NA> <NA> ${id === visitor.id ? 'unknown-1' : id} <NA> <NA>\n`;
    append(speech);
    append(new Int16Array(Math.round(pausesSeconds[turn % pausesSeconds.length] * SAMPLE_RATE_HZ)));
  });
  const samples = new Int16Array(at);
  let offset = 0;
  for (const piece of pieces) {
    samples.set(piece, offset);
    offset += piece.length;
  }
  return { samples, rttm };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? fileURLToPath(new URL('../../.demo/audio', import.meta.url)));
  const { enrolment, conversation: file } = makeDemoAudio(folder);
  console.log([...enrolment.flatMap((person) => person.files), file].join('\n'));
}
