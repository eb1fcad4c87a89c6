import { percent } from '../../display/figures.js';
import { printableLine } from '../../display/printable.js';
import type { Place } from '../../events/places.js';
import type { TextsOf } from '../texts/catalogue.js';
import { type Drawn, h } from './vue.js';

/** A row of tiles for each site: everybody who is present, with how sure the name is. */
export function drawnPlaces(places: readonly Place[], text: TextsOf): readonly Drawn[] {
  if (places.length === 0) return [h('p', { class: 'vp-none' }, text('here.nobody'))];
  return places.map(({ site, people, isUnknown }) =>
    h('div', { key: site, class: 'vp-place' }, [
      ...(places.length > 1 ? [h('h5', {}, printableLine(site))] : []),
      h('ul', { class: 'vp-tiles' }, [
        ...people.map(({ speaker_id: id, speaker, score }) =>
          h('li', { key: id, class: 'vp-tile' }, [
            h('strong', {}, printableLine(speaker)),
            h('span', {}, percent(score)),
          ]),
        ),
        ...(isUnknown
          ? [h('li', { class: 'vp-tile vp-tile-unknown' }, [h('strong', {}, text('timeline.unknown'))])]
          : []),
        ...(people.length === 0 && !isUnknown ? [h('li', { class: 'vp-none' }, text('here.nobody'))] : []),
      ]),
    ]),
  );
}
