import type { SessionVoice } from './sessionVoice.js';
import type { VoiceSum } from './voiceSum.js';

/** What a voice was learnt from, or a part of that. */
export interface VoiceNode {
  readonly voice: SessionVoice;
  readonly sum: VoiceSum;
}

/** The voice that each group is: of those with most of their speech in it, the one first heard. */
export function groupOwners(nodes: readonly VoiceNode[], groups: Int32Array): Map<number, SessionVoice> {
  const speech = new Map<SessionVoice, Map<number, number>>();
  nodes.forEach(({ voice, sum }, i) => {
    const own = speech.get(voice) ?? new Map<number, number>();
    speech.set(voice, own.set(groups[i]!, (own.get(groups[i]!) ?? 0) + sum.samples));
  });
  const owners = new Map<number, SessionVoice>();
  for (const [voice, own] of [...speech].sort(([a], [b]) => a.number - b.number)) {
    const [[main]] = [...own].sort(([, a], [, b]) => b - a) as [[number, number]];
    if (!owners.has(main)) owners.set(main, voice);
  }
  return owners;
}
