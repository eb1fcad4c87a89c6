import type { Steps } from '../../core/steps.js';
import type { EnrolledVoice } from '../voices.js';
import type { GalleryParts } from './galleryParts.js';
import { GalleryRows } from './galleryRows.js';
import { GalleryView } from './galleryView.js';

/** Dead entries that are not worth moving the others. */
const FEW_DEAD = 1_000;
/** People moved in one step: about a millisecond. */
const STEP_PEOPLE = 128;

/** A gallery at one moment, with the ids of its people. */
export interface GallerySnapshot {
  readonly view: GalleryView;
  /** Undefined for somebody erased since. */
  idOf(number: number): string | undefined;
  /** Undefined for somebody who is not there. */
  numberOf(id: string): number | undefined;
}

/**
 * The enrolled people of one tenant and model as matrices in memory that threads share, 4 bytes a number. People are only added: one
 * who changes becomes another entry, and a snapshot taken before still has the former one. Whoever is erased is zeroed for all.
 */
export class VoiceGallery {
  readonly #dimensions: number;
  #rows: GalleryRows;
  /** Those that people were moved out of; snapshots may still have them. */
  #former: WeakRef<GalleryRows>[] = [];
  #version = 0;
  #sum: Float64Array;
  #snapshot: GallerySnapshot | undefined;

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
    this.#rows = new GalleryRows(dimensions);
    this.#sum = new Float64Array(dimensions);
  }

  get people(): number {
    return this.#rows.numbers.size;
  }

  /** Adds a person, or replaces one. */
  put(voice: EnrolledVoice): void {
    this.#begin();
    this.#takeFromSum(voice.id);
    this.#rows.bury(voice.id, this.#version);
    this.#rows.add(voice, this.#version);
    addTo(this.#sum, voice.mean, 1);
  }

  /** Erases a person, from snapshots too. */
  erase(id: string): void {
    for (const former of this.#former) former.deref()?.erase(id);
    if (!this.#rows.numbers.has(id)) return;
    this.#begin();
    this.#takeFromSum(id);
    this.#rows.erase(id);
  }

  /** Everybody as they are now: the same while nobody changes. */
  snapshot(): GallerySnapshot {
    this.#snapshot ??= this.#newSnapshot();
    return this.#snapshot;
  }

  /**
   * Moves everybody to new matrices where half of the entries are dead; snapshots keep the old ones. Nobody may be added or erased
   * between the steps.
   */
  *tidy(): Steps<void> {
    const rows = this.#rows;
    if (rows.entries - this.people <= Math.max(FEW_DEAD, this.people)) return;
    const moved = new GalleryRows(this.#dimensions);
    const sum = new Float64Array(this.#dimensions);
    for (const id of rows.numbers.keys()) {
      const voice = rows.voiceOf(id);
      moved.add(voice, 0);
      addTo(sum, voice.mean, 1);
      if (moved.entries % STEP_PEOPLE === 0) yield;
    }
    this.#former = [...this.#former.filter((former) => former.deref()), new WeakRef(rows)];
    this.#rows = moved;
    this.#sum = sum;
    this.#version = 0;
    this.#snapshot = undefined;
  }

  #newSnapshot(): GallerySnapshot {
    const rows = this.#rows;
    const { means, exemplars, entries, exemplarRows, columns } = rows;
    const parts: GalleryParts = {
      means: means.parts,
      exemplars: exemplars.parts,
      entries,
      exemplarRows,
      people: this.people,
      version: this.#version,
      columns,
      sum: this.#sum.slice(),
    };
    const view = new GalleryView(parts, { means, exemplars });
    return {
      view,
      idOf: (number) => rows.ids[number],
      numberOf: (id) => {
        const number = rows.numbers.get(id);
        return number !== undefined && number < entries && view.isThere(number) ? number : undefined;
      },
    };
  }

  /** A new version: what follows is not seen by snapshots taken before. */
  #begin(): void {
    if (!this.#snapshot) return;
    this.#snapshot = undefined;
    this.#version += 1;
  }

  #takeFromSum(id: string): void {
    const number = this.#rows.numbers.get(id);
    if (number !== undefined) addTo(this.#sum, this.#rows.means.row(number), -1);
  }
}

function addTo(sum: Float64Array, values: Float32Array, sign: 1 | -1): void {
  for (let i = 0; i < sum.length; i += 1) sum[i]! += sign * values[i]!;
}
