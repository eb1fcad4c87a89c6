import { timelineSvg } from '../../display/timelineSvg.js';
import type { HeardStream } from '../../events/places.js';
import { timelineWords } from '../drawing/timelineWords.js';
import type { TextsOf } from '../texts/catalogue.js';
import { type Drawn, h } from './vue.js';

/** A drawing of each stream, as wide as there is room. */
export function drawnStreams(streams: readonly HeardStream[], width: number, text: TextsOf): readonly Drawn[] {
  if (streams.length === 0) return [h('p', { class: 'vp-none' }, text('here.noTurns'))];
  if (width === 0) return [];
  const words = timelineWords(text);
  return streams.map(({ site, sessionId, segments, startSeconds, endSeconds }) => {
    const result = { durationSeconds: endSeconds, model: '', segments, warnings: [] };
    // The drawing is ours, and names are escaped in it.
    const innerHTML = timelineSvg(result, site, { theme: 'page', width, words, startSeconds });
    return h('div', { key: `${site} ${sessionId}`, class: 'vp-drawing', innerHTML });
  });
}
