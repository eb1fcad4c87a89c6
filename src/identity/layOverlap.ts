import type { SampleSpan } from '../core/audioFrame.js';
import { LOCAL_FRAME_SAMPLES, LOCAL_VOICES, type LocalVoices } from '../core/localVoices.js';
import type { VoiceSpan } from './layTurns.js';

export interface LayOverlapInput {
  /** Turns of the clustering, in order, not overlapping; `voice` counts from 0. */
  readonly spans: readonly VoiceSpan[];
  /** How many voices there are. */
  readonly voices: number;
  /** Stretches of speech, in order. */
  readonly speech: readonly SampleSpan[];
  readonly localVoices: LocalVoices;
}

/** How moments are laid to voices. Found on conversations of other seeds than those that are reported. */
export const OVERLAP_TUNING = {
  /** Activity, 0..1, from which a voice is heard, and above which it goes on being heard. */
  on: 0.5,
  off: 0.4,
  /** Shorter sounds are dropped, shorter gaps closed. */
  leastFrames: 5,
  gapFrames: 10,
  /** Frames that a local voice must share with a turn to be its voice. */
  leastShared: 5,
};

const NOBODY = -1;

/**
 * Turns that may overlap: the clustering says whose the voices are, the segmentation when each of them is heard. Within
 * each chunk a local voice is the one whose turns it shares most time with while it speaks alone; where chunks overlap,
 * the one in whose middle a moment lies counts more. Speech that no local voice explains stays as the clustering has it.
 */
export function layOverlap({ spans, voices, speech, localVoices }: LayOverlapInput): VoiceSpan[] {
  const frames = framesUpTo(speech, localVoices);
  const base = baseLabels(spans, frames);
  const activity = voiceActivity(base, voices, localVoices);
  const isSpeech = framesOf(speech, frames);
  const turns: VoiceSpan[] = [];
  const heard = Array.from({ length: voices }, (_, voice) => heardFrames(activity, voice, frames));
  for (let frame = 0; frame < frames; frame += 1) {
    // Outside of speech nothing is heard; inside, somebody is.
    if (!isSpeech[frame]) for (const one of heard) one[frame] = 0;
    else if (!heard.some((one) => one[frame]) && base[frame] !== NOBODY) heard[base[frame]!]![frame] = 1;
  }
  heard.forEach((one, voice) => {
    turns.push(...runsOf(smoothed(one), voice));
  });
  return turns.sort((a, b) => a.startSample - b.startSample || a.voice - b.voice);
}

const frameOf = (sample: number) => Math.round(sample / LOCAL_FRAME_SAMPLES);

function framesUpTo(speech: readonly SampleSpan[], { activity, chunkFrames, hopFrames }: LocalVoices): number {
  const chunks = activity.length / (chunkFrames * LOCAL_VOICES);
  return Math.max(frameOf(speech.at(-1)?.endSample ?? 0), (chunks - 1) * hopFrames + chunkFrames);
}

function baseLabels(spans: readonly VoiceSpan[], frames: number): Int32Array {
  const labels = new Int32Array(frames).fill(NOBODY);
  for (const { voice, startSample, endSample } of spans) labels.fill(voice, frameOf(startSample), frameOf(endSample));
  return labels;
}

function framesOf(spans: readonly SampleSpan[], frames: number): Uint8Array {
  const inside = new Uint8Array(frames);
  for (const { startSample, endSample } of spans) inside.fill(1, frameOf(startSample), frameOf(endSample));
  return inside;
}

/** Activity 0..1 of each voice of the recording, shape (frames, voices): mean over chunks, the nearer to the middle the more. */
function voiceActivity(
  base: Int32Array,
  voices: number,
  { activity, chunkFrames, hopFrames }: LocalVoices,
): Float32Array {
  const frames = base.length;
  const sums = new Float32Array(frames * voices);
  const weights = new Float32Array(frames);
  const chunkSize = chunkFrames * LOCAL_VOICES;
  for (let chunk = 0; chunk * chunkSize < activity.length; chunk += 1) {
    const own = activity.subarray(chunk * chunkSize, (chunk + 1) * chunkSize);
    const first = chunk * hopFrames;
    const voiceOf = ownersOf(own, base.subarray(first, first + chunkFrames), voices);
    for (let i = 0; i < chunkFrames && first + i < frames; i += 1) {
      const weight = Math.min(i + 1, chunkFrames - i) / chunkFrames;
      weights[first + i]! += weight;
      for (let local = 0; local < LOCAL_VOICES; local += 1) {
        const voice = voiceOf[local]!;
        if (voice !== NOBODY) sums[(first + i) * voices + voice]! += (weight * own[i * LOCAL_VOICES + local]!) / 255;
      }
    }
  }
  return sums.map((sum, i) => sum / Math.max(weights[Math.floor(i / voices)]!, 1e-6));
}

/** Voice of the recording that each local voice of a chunk is; NOBODY where nothing tells. */
function ownersOf(activity: Uint8Array, base: Int32Array, voices: number): number[] {
  const shared = new Float64Array(LOCAL_VOICES * voices);
  base.forEach((voice, i) => {
    if (voice === NOBODY) return;
    for (let local = 0; local < LOCAL_VOICES; local += 1) {
      const others = Math.max(...[1, 2].map((step) => activity[i * LOCAL_VOICES + ((local + step) % LOCAL_VOICES)]!));
      // Alone, or as good as: where two speak the turn may be either's.
      shared[local * voices + voice]! += Math.max(0, activity[i * LOCAL_VOICES + local]! - others) / 255;
    }
  });
  return Array.from({ length: LOCAL_VOICES }, (_, local) => {
    let best = NOBODY;
    let most = OVERLAP_TUNING.leastShared;
    for (let voice = 0; voice < voices; voice += 1) {
      if (shared[local * voices + voice]! < most) continue;
      most = shared[local * voices + voice]!;
      best = voice;
    }
    return best;
  });
}

function heardFrames(activity: Float32Array, voice: number, frames: number): Uint8Array {
  const voices = activity.length / frames;
  const heard = new Uint8Array(frames);
  let isOn = false;
  for (let frame = 0; frame < frames; frame += 1) {
    isOn = activity[frame * voices + voice]! >= (isOn ? OVERLAP_TUNING.off : OVERLAP_TUNING.on);
    if (isOn) heard[frame] = 1;
  }
  return heard;
}

/** Short gaps closed, then short sounds dropped. */
function smoothed(heard: Uint8Array): Uint8Array {
  const out = heard.slice();
  flipShort(out, 0, OVERLAP_TUNING.gapFrames);
  flipShort(out, 1, OVERLAP_TUNING.leastFrames);
  return out;
}

/** Runs of `value` of fewer than `least` frames become the other value; not those at the ends of a recording. */
function flipShort(frames: Uint8Array, value: number, least: number): void {
  let start = 0;
  for (let i = 1; i <= frames.length; i += 1) {
    if (i < frames.length && frames[i] === frames[start]) continue;
    const isInside = start > 0 && i < frames.length;
    if (isInside && frames[start] === value && i - start < least) frames.fill(1 - value, start, i);
    start = i;
  }
}

function runsOf(heard: Uint8Array, voice: number): VoiceSpan[] {
  const runs: VoiceSpan[] = [];
  for (let start = 0; start < heard.length; ) {
    let end = start + 1;
    while (end < heard.length && heard[end] === heard[start]) end += 1;
    if (heard[start]) {
      runs.push({ voice, startSample: start * LOCAL_FRAME_SAMPLES, endSample: end * LOCAL_FRAME_SAMPLES });
    }
    start = end;
  }
  return runs;
}
