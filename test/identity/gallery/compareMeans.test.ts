import { describe, expect, test } from 'vitest';
import { finished, inSlices } from '../../../src/core/steps.js';
import { compareMeans, type MeanComparison } from '../../../src/identity/gallery/compareMeans.js';
import { CALIBRATION, galleryOf, MadePeople } from './madeGallery.js';
import { wholeScan } from './wholeScan.js';

/** People in one step, at most. */
const STEP_PEOPLE = 1_024;

describe.each([1, 2, 1_024, 1_025, 3_000])('with %i people', (size) => {
  const people = new MadePeople(size);
  const { voices, enrolled } = people.many(size);
  const gallery = galleryOf(enrolled);
  gallery.put(people.enrolled('p0', voices[0]!)); // changed: an entry that does not count any more
  const { view, numberOf } = gallery.snapshot();
  const own = { mean: people.near(voices[0]!, 0.3), speechSeconds: 9, isNarrowBand: false };

  test.each([
    { name: 'a new person', left: undefined, added: undefined },
    { name: 'a new person with an earlier sample', left: undefined, added: own },
    { name: 'somebody enrolled', left: numberOf('p0'), added: own },
  ])('the answer is that of a whole scan, to the last bit: $name', async ({ left, added }) => {
    for (const voice of [voices[0]!, voices[size >> 1]!, voices.at(-1)!, people.voice()]) {
      for (const isNarrowBand of [false, true]) {
        const probe = { centroid: people.near(voice, 0.5), speechSeconds: 6.5, isNarrowBand };
        const whole = wholeScan(view, probe, { left, added }, CALIBRATION);
        expect(finished(compareMeans(view, probe, { left, added }, CALIBRATION))).toEqual(whole);
        expect(await inSlices(compareMeans(view, probe, { left, added }, CALIBRATION))).toEqual(whole);
      }
    }
  });

  test('no step compares with more than about a thousand people', () => {
    const probe = { centroid: people.voice(), speechSeconds: 6.5, isNarrowBand: false };
    const steps = compareMeans(view, probe, { left: undefined, added: undefined }, CALIBRATION);
    let stops = 0;
    while (!steps.next().done) stops += 1;
    expect(stops).toBe(Math.ceil(view.parts.entries / STEP_PEOPLE));
  });
});

describe('between two steps', () => {
  const SIZE = 3_000;
  const people = new MadePeople(SIZE);
  const { voices, enrolled } = people.many(SIZE);
  const probe = { centroid: voices[5]!, speechSeconds: 6.5, isNarrowBand: false };
  const nobody = { left: undefined, added: undefined };

  /** Compares, and does something after the first step. */
  function compareMeanwhile(gallery: ReturnType<typeof galleryOf>, meanwhile: () => void) {
    const snapshot = gallery.snapshot();
    const steps = compareMeans(snapshot.view, probe, nobody, CALIBRATION);
    steps.next();
    meanwhile();
    const found: MeanComparison = finished(steps);
    return { found, idOf: snapshot.idOf, whole: () => wholeScan(snapshot.view, probe, nobody, CALIBRATION) };
  }

  test.each([
    { name: 'the one found so far', id: 'p5', next: 'p6' },
    { name: 'somebody else', id: 'p2500', next: 'p5' },
  ])('$name is erased, and is not found', ({ id, next }) => {
    const gallery = galleryOf(enrolled);
    const { found, idOf, whole } = compareMeanwhile(gallery, () => gallery.erase(id));
    expect(found).toEqual(whole());
    expect(idOf(found.highest!.number)).toBe(next);
  });

  test('everybody is erased, and nobody is found', () => {
    const gallery = galleryOf(enrolled);
    const { found } = compareMeanwhile(gallery, () => {
      for (const { id } of enrolled) gallery.erase(id);
    });
    expect(found).toEqual({ highest: undefined, own: undefined });
  });

  test('somebody changes, or comes, and the answer is that of the moment it began', () => {
    const gallery = galleryOf(enrolled);
    const before = gallery.snapshot();
    const { found, idOf } = compareMeanwhile(gallery, () => {
      gallery.put(people.enrolled('p5', people.voice()));
      gallery.put({ ...people.enrolled('new', voices[5]!), exemplars: [] });
    });
    expect(found).toEqual(wholeScan(before.view, probe, nobody, CALIBRATION));
    expect(idOf(found.highest!.number)).toBe('p5');
  });

  test('somebody changes and is erased then, and is not found', () => {
    const gallery = galleryOf(enrolled);
    const { found, idOf } = compareMeanwhile(gallery, () => {
      gallery.put(people.enrolled('p5', people.voice()));
      gallery.erase('p5');
    });
    expect(idOf(found.highest!.number)).toBe('p6');
  });
});
