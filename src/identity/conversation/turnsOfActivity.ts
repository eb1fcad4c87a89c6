import type { SampleSpan } from '../../core/audioFrame.js';
import { LOCAL_ACTIVE, LOCAL_FRAME_SAMPLES, LOCAL_VOICES } from '../../core/localVoices.js';
import type { Turn } from '../turnsOfWindows.js';
import { UNASSIGNED } from './embeddedPieces.js';
import { chunksAt, type LocalSpeech } from './localSpeech.js';

/** How frames are joined to turns. */
export const TURN_TUNING = {
  /** Shorter pauses within a turn are closed, then shorter turns dropped. */
  gapFrames: 10,
  leastFrames: 5,
  /** A voice with less than this share in the chunks around a frame does not speak in it. */
  leastShare: 0.02,
};

/**
 * Turns of the voices of a recording, which may overlap: in each frame the most likely voices speak, as many as the
 * segmentation network counted in the chunks around it; at least one where there is certainly speech, none in silence.
 *
 * @param labels voice of each piece, or UNASSIGNED, shape (pieces,)
 */
export function turnsOfActivity(local: LocalSpeech, labels: Int32Array, voices: number): Turn[] {
  const frames = Math.ceil(local.samples / LOCAL_FRAME_SAMPLES);
  const speaks = Array.from({ length: voices }, () => new Uint8Array(frames));
  const owners = ownersOf(local, labels);
  const isSure = maskOf(local.speech, frames);
  const isAudible = maskOf(local.audible, frames);
  const { activity, chunkFrames, hopFrames } = local.voices;
  const shares = new Float64Array(voices);
  for (let frame = 0; frame < frames; frame += 1) {
    if (!isAudible[frame] && !isSure[frame]) continue;
    shares.fill(0);
    const { first, last } = chunksAt(local.voices, frame);
    let counted = 0;
    for (let chunk = first; chunk <= last; chunk += 1) {
      const at = (chunk * chunkFrames + frame - chunk * hopFrames) * LOCAL_VOICES;
      for (let voice = 0; voice < LOCAL_VOICES; voice += 1) {
        const level = activity[at + voice]!;
        if (level >= LOCAL_ACTIVE) counted += 1;
        const owner = owners[at + voice]!;
        if (owner !== UNASSIGNED) shares[owner]! += level / 255;
      }
    }
    const looks = Math.max(1, last - first + 1);
    const count = Math.max(Math.round(counted / looks), isSure[frame]!);
    for (const voice of likeliest(shares, count)) {
      if (shares[voice]! > TURN_TUNING.leastShare * looks) speaks[voice]![frame] = 1;
    }
  }
  fillSilence(speaks, isSure);
  const turns = speaks.flatMap((own, voice) => turnsOf(own, voice, local.samples));
  return turns.sort((a, b) => a.startSample - b.startSample || a.voice - b.voice);
}

/** Where there is certainly speech but no voice, the nearest voice within that speech speaks. */
function fillSilence(speaks: readonly Uint8Array[], isSure: Uint8Array): void {
  const voiceAt = (frame: number) => (isSure[frame] ? speaks.findIndex((own) => own[frame]) : -1);
  for (let frame = 0; frame < isSure.length; frame += 1) {
    if (!isSure[frame] || voiceAt(frame) >= 0) continue;
    let end = frame;
    while (isSure[end] && voiceAt(end) < 0) end += 1;
    const [before, after] = [voiceAt(frame - 1), voiceAt(end)];
    const middle = before < 0 ? frame : after < 0 ? end : Math.round((frame + end) / 2);
    speaks[before]?.fill(1, frame, middle);
    speaks[after]?.fill(1, middle, end);
    frame = end;
  }
}

/** Voice of the recording that each local voice is in each frame of its chunk: that of its nearest piece. */
function ownersOf({ pieces, voices: { activity, chunkFrames } }: LocalSpeech, labels: Int32Array): Int16Array {
  const owners = new Int16Array(activity.length).fill(UNASSIGNED);
  const at = (chunk: number, local: number, frame: number) => (chunk * chunkFrames + frame) * LOCAL_VOICES + local;
  const seen = new Set<number>();
  pieces.forEach(({ chunk, local, frames }, row) => {
    for (const frame of frames) owners[at(chunk, local, frame)] = labels[row]!;
    seen.add(chunk * LOCAL_VOICES + local);
  });
  for (const one of seen) {
    const [chunk, local] = [Math.floor(one / LOCAL_VOICES), one % LOCAL_VOICES];
    const own = Int16Array.from({ length: chunkFrames }, (_, frame) => owners[at(chunk, local, frame)]!);
    spread(own).forEach((owner, frame) => {
      owners[at(chunk, local, frame)] = owner;
    });
  }
  return owners;
}

/** Unassigned frames get the owner of the nearest assigned frame. */
function spread(own: Int16Array): Int16Array {
  const known = [...own.keys()].filter((frame) => own[frame] !== UNASSIGNED);
  let next = 0;
  return own.map((_, frame) => {
    while (next < known.length && known[next]! < frame) next += 1;
    const [before, after] = [known[next - 1], known[next]];
    if (before === undefined || after === undefined) return own[before ?? after ?? 0]!;
    return own[frame - before <= after - frame ? before : after]!;
  });
}

function maskOf(spans: readonly SampleSpan[], frames: number): Uint8Array {
  const mask = new Uint8Array(frames);
  const frameOf = (sample: number) => Math.round(sample / LOCAL_FRAME_SAMPLES);
  for (const { startSample, endSample } of spans) mask.fill(1, frameOf(startSample), frameOf(endSample));
  return mask;
}

/** The `count` highest, highest first. */
function likeliest(shares: Float64Array, count: number): number[] {
  const taken: number[] = [];
  while (taken.length < Math.min(count, shares.length)) {
    let best = -1;
    for (let i = 0; i < shares.length; i += 1) {
      if (!taken.includes(i) && (best < 0 || shares[i]! > shares[best]!)) best = i;
    }
    taken.push(best);
  }
  return taken;
}

/** Runs of frames as turns, short pauses closed and short turns dropped. */
function turnsOf(speaks: Uint8Array, voice: number, samples: number): Turn[] {
  const runs: { from: number; to: number }[] = [];
  for (let frame = 0; frame < speaks.length; frame += 1) {
    if (!speaks[frame]) continue;
    const last = runs.at(-1);
    if (last && frame - last.to < TURN_TUNING.gapFrames) last.to = frame + 1;
    else runs.push({ from: frame, to: frame + 1 });
  }
  return runs
    .filter(({ from, to }) => to - from >= TURN_TUNING.leastFrames)
    .map(({ from, to }) => ({
      voice,
      startSample: from * LOCAL_FRAME_SAMPLES,
      endSample: Math.min(samples, to * LOCAL_FRAME_SAMPLES), // frames are rounded up: no turn may outlast the recording
    }));
}
