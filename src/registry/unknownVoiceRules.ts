import type { UnknownVoice } from '../core/unknownVoice.js';

const MOST_EXEMPLARS = 20;
/** Of voices that do not say when they expire: releases before 0.3 wrote none, and promised 30 days. */
export const EARLIER_KEEP_MS = 30 * 86_400_000;

/** 3 of `unknown-3`; undefined for what is no id of an unknown voice. */
export function unknownNumber(id: string): number | undefined {
  const found = /^unknown-(\d{1,9})$/.exec(id);
  return found ? Number(found[1]) : undefined;
}

/** At most 20 exemplars, those with most speech, in their given order. */
export function mostSpeech(exemplars: UnknownVoice['exemplars']): UnknownVoice['exemplars'] {
  if (exemplars.length <= MOST_EXEMPLARS) return exemplars;
  const least = new Set([...exemplars].sort((a, b) => b.speechMs - a.speechMs).slice(0, MOST_EXEMPLARS));
  return exemplars.filter((exemplar) => least.has(exemplar));
}
