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
  /** Activity, 0..1, from which a local voice is heard. */
  on: 0.5,
  /** Shorter sounds are dropped, shorter gaps closed. */
  leastFrames: 5,
  gapFrames: 10,
  /** A voice heard for less than this only while another speaks is a slip of the network, or says nothing. */
  leastBeneathFrames: 15,
  /** Solo frames that a local voice must share with turns of a voice, each counting the less the farther away. */
  leastShared: 5,
  /** Frames after which a shared frame counts 1/e: voices near by tell more, as the network mixes them up over time. */
  nearFrames: 100,
};

const NOBODY = -1;

/**
 * Turns that may overlap. The clustering says who speaks where one voice is heard; where the segmentation heard several,
 * or none for long, it says which of them: a local voice is the one whose turns near by it shares when it speaks alone.
 */
export function layOverlap({ spans, voices, speech, localVoices }: LayOverlapInput): VoiceSpan[] {
  const frames = frameOf(speech.at(-1)?.endSample ?? 0);
  const base = baseLabels(spans, frames);
  const heard = Array.from({ length: voices }, (_, voice) => Uint8Array.from(base, (one) => (one === voice ? 1 : 0)));
  for (const stretch of speech) {
    for (const zone of openZones(base, frameOf(stretch.startSample), frameOf(stretch.endSample))) {
      layZone(zone, { base, heard, localVoices, stretch });
    }
  }
  const mostSample = speech.at(-1)?.endSample ?? 0; // frames are rounded: no turn may outlast the recording
  const turns = withoutSlips(heard.map(smoothed))
    .flatMap(runsOf)
    .map((turn) => ({ ...turn, endSample: Math.min(turn.endSample, mostSample) }));
  return turns.sort((a, b) => a.startSample - b.startSample || a.voice - b.voice);
}

interface Zone {
  readonly first: number;
  readonly end: number;
}

/** Frames of a stretch of speech that no turn explains. */
function openZones(base: Int32Array, first: number, end: number): Zone[] {
  const zones: Zone[] = [];
  for (let frame = first; frame < end; ) {
    let next = frame;
    while (next < end && base[next] === NOBODY) next += 1;
    if (next > frame) zones.push({ first: frame, end: next });
    frame = next + 1;
  }
  return zones;
}

interface Laying {
  readonly base: Int32Array;
  readonly heard: readonly Uint8Array[];
  readonly localVoices: LocalVoices;
  readonly stretch: SampleSpan;
}

function layZone(zone: Zone, { base, heard, localVoices, stretch }: Laying): void {
  const { activity, first } = chunkAround(zone, localVoices);
  const owners = ownersNear(zone, { activity, first, base, voices: heard.length });
  const nearest = nearestVoice(base, zone, stretch);
  for (let frame = zone.first; frame < zone.end; frame += 1) {
    let isHeard = false;
    for (let local = 0; local < LOCAL_VOICES; local += 1) {
      const level = activity[(frame - first) * LOCAL_VOICES + local] ?? 0;
      const owner = owners[local]!;
      if (level < 255 * OVERLAP_TUNING.on || owner === NOBODY) continue;
      heard[owner]![frame] = 1;
      isHeard = true;
    }
    const voice = nearest(frame);
    if (!isHeard && voice !== NOBODY) heard[voice]![frame] = 1; // somebody speaks in speech
  }
}

/** The chunk in whose middle the zone lies most. */
function chunkAround({ first, end }: Zone, { activity, chunkFrames, hopFrames }: LocalVoices) {
  const chunks = activity.length / (chunkFrames * LOCAL_VOICES);
  const wanted = Math.round(((first + end) / 2 - chunkFrames / 2) / hopFrames);
  const chunk = Math.max(0, Math.min(chunks - 1, wanted));
  const size = chunkFrames * LOCAL_VOICES;
  return { activity: activity.subarray(chunk * size, (chunk + 1) * size), first: chunk * hopFrames };
}

/** Voice of the recording that each local voice is around a zone; NOBODY where nothing tells. */
function ownersNear(
  zone: Zone,
  { activity, first, base, voices }: { activity: Uint8Array; first: number; base: Int32Array; voices: number },
): number[] {
  const shared = new Float64Array(LOCAL_VOICES * voices);
  for (let i = 0; i * LOCAL_VOICES < activity.length; i += 1) {
    const voice = base[first + i] ?? NOBODY;
    if (voice === NOBODY) continue;
    const away = Math.max(0, zone.first - first - i, first + i - zone.end);
    const weight = Math.exp(-away / OVERLAP_TUNING.nearFrames);
    for (let local = 0; local < LOCAL_VOICES; local += 1) {
      shared[local * voices + voice]! += (weight * activity[i * LOCAL_VOICES + local]!) / 255;
    }
  }
  return Array.from({ length: LOCAL_VOICES }, (_, local) => {
    const own = shared.subarray(local * voices, (local + 1) * voices);
    const best = own.reduce((most, value, voice) => (value > (own[most] ?? 0) ? voice : most), NOBODY);
    return (own[best] ?? 0) >= OVERLAP_TUNING.leastShared ? best : NOBODY;
  });
}

/** The voice of the turn nearest to a frame of the zone, within its stretch of speech. */
function nearestVoice(base: Int32Array, { first, end }: Zone, stretch: SampleSpan): (frame: number) => number {
  const before = first > frameOf(stretch.startSample) ? base[first - 1]! : NOBODY;
  const after = end < frameOf(stretch.endSample) ? base[end]! : NOBODY;
  return (frame) => {
    if (before === NOBODY || after === NOBODY) return before === NOBODY ? after : before;
    return frame - first < end - frame ? before : after;
  };
}

const frameOf = (sample: number) => Math.round(sample / LOCAL_FRAME_SAMPLES);

function baseLabels(spans: readonly VoiceSpan[], frames: number): Int32Array {
  const labels = new Int32Array(frames).fill(NOBODY);
  for (const { voice, startSample, endSample } of spans) labels.fill(voice, frameOf(startSample), frameOf(endSample));
  return labels;
}

/** Short gaps closed, then short sounds dropped. */
function smoothed(heard: Uint8Array): Uint8Array {
  const out = heard.slice();
  flipShort(out, 0, OVERLAP_TUNING.gapFrames);
  flipShort(out, 1, OVERLAP_TUNING.leastFrames);
  return out;
}

/** Voices heard frame by frame, without short runs that others cover from end to end. */
function withoutSlips(voices: readonly Uint8Array[]): Uint8Array[] {
  return voices.map((own) => {
    const kept = own.slice();
    for (let start = 0; start < own.length; ) {
      let end = start + 1;
      while (end < own.length && own[end] === own[start]) end += 1;
      const isCovered = (frame: number) => voices.some((other) => other !== own && other[frame]);
      const isShort = own[start] && end - start < OVERLAP_TUNING.leastBeneathFrames;
      if (isShort && Array.from({ length: end - start }, (_, i) => start + i).every(isCovered))
        kept.fill(0, start, end);
      start = end;
    }
    return kept;
  });
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
