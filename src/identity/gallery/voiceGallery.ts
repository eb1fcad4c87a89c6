import { dot } from '../../core/vector.js';
import type { EnrolledVoice } from '../voices.js';
import type { GalleryColumns, GalleryParts } from './galleryParts.js';
import { GalleryView } from './galleryView.js';
import { RowMatrix } from './rowMatrix.js';

const LEAST_ENTRIES = 16;
const ALIVE = 0xffff_ffff;
/** Dead entries that are not worth moving the others. */
const FEW_DEAD = 1_000;

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
  #means: RowMatrix;
  #exemplars: RowMatrix;
  #columns: GalleryColumns;
  #entries = 0;
  #exemplarRows = 0;
  #version = 0;
  #sum: Float64Array;
  #numbers = new Map<string, number>();
  #ids: (string | undefined)[] = [];
  #snapshot: GallerySnapshot | undefined;

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
    this.#means = RowMatrix.create(dimensions, LEAST_ENTRIES);
    this.#exemplars = RowMatrix.create(dimensions, LEAST_ENTRIES);
    this.#columns = newColumns(LEAST_ENTRIES);
    this.#sum = new Float64Array(dimensions);
  }

  get people(): number {
    return this.#numbers.size;
  }

  /** Adds a person, or replaces one. */
  put(voice: EnrolledVoice): void {
    this.#begin();
    this.#bury(voice.id, this.#version);
    this.#add(voice);
  }

  /** Erases a person, from snapshots too. */
  erase(id: string): void {
    const number = this.#numbers.get(id);
    if (number === undefined) return;
    this.#begin();
    this.#bury(id, 0);
    this.#means.zero(number);
    const { firstExemplar, exemplarCount } = this.#columns;
    for (let k = 0; k < exemplarCount[number]!; k += 1) this.#exemplars.zero(firstExemplar[number]! + k);
    this.#ids[number] = undefined;
  }

  /** Everybody as they are now: the same while nobody changes. */
  snapshot(): GallerySnapshot {
    if (this.#entries - this.people > Math.max(FEW_DEAD, this.people)) this.#moveLiving();
    this.#snapshot ??= this.#newSnapshot();
    return this.#snapshot;
  }

  #newSnapshot(): GallerySnapshot {
    const parts: GalleryParts = {
      means: this.#means.parts,
      exemplars: this.#exemplars.parts,
      entries: this.#entries,
      exemplarRows: this.#exemplarRows,
      people: this.people,
      version: this.#version,
      columns: this.#columns,
      sum: this.#sum.slice(),
    };
    const view = new GalleryView(parts, { means: this.#means, exemplars: this.#exemplars });
    const [ids, numbers] = [this.#ids, this.#numbers];
    return {
      view,
      idOf: (number) => ids[number],
      numberOf: (id) => {
        const number = numbers.get(id);
        return number !== undefined && number < parts.entries && view.isThere(number) ? number : undefined;
      },
    };
  }

  /** A new version: what follows is not seen by snapshots taken before. */
  #begin(): void {
    if (!this.#snapshot) return;
    this.#snapshot = undefined;
    this.#version += 1;
  }

  /** @param diedAt version from which the person is not there */
  #bury(id: string, diedAt: number): void {
    const number = this.#numbers.get(id);
    if (number === undefined) return;
    this.#numbers.delete(id);
    this.#columns.died[number] = diedAt;
    this.#addToSum(this.#means.row(number), -1);
  }

  #add({ id, mean, exemplars, speechSeconds, isNarrowBand }: EnrolledVoice): void {
    const number = this.#entries;
    if (number >= this.#columns.born.length) this.#columns = grown(this.#columns, 2 * number);
    const own = exemplars.length > 1 ? exemplars : [];
    this.#means.write(number, mean);
    own.forEach((exemplar, k) => {
      this.#exemplars.write(this.#exemplarRows + k, exemplar);
    });
    const columns = this.#columns;
    columns.born[number] = this.#version;
    columns.died[number] = ALIVE;
    columns.speechSeconds[number] = speechSeconds;
    columns.isNarrowBand[number] = isNarrowBand ? 1 : 0;
    columns.firstExemplar[number] = this.#exemplarRows;
    columns.exemplarCount[number] = own.length;
    columns.spread[number] = own.reduce((least, exemplar) => Math.min(least, dot(exemplar, mean)), 1);
    this.#addToSum(mean, 1);
    this.#ids[number] = id;
    this.#numbers.set(id, number);
    this.#entries += 1;
    this.#exemplarRows += own.length;
  }

  #addToSum(mean: Float32Array, sign: 1 | -1): void {
    for (let i = 0; i < this.#dimensions; i += 1) this.#sum[i]! += sign * mean[i]!;
  }

  /** Moves those who are there to new matrices: half of the entries are dead. Snapshots keep the old ones. */
  #moveLiving(): void {
    const moved = new VoiceGallery(this.#dimensions);
    const { columns } = this.#newSnapshot().view.parts;
    for (const [id, number] of this.#numbers) {
      const rows = Array.from({ length: columns.exemplarCount[number]! }, (_, k) => columns.firstExemplar[number]! + k);
      moved.#add({
        id,
        mean: this.#means.row(number).slice(),
        exemplars: rows.map((row) => this.#exemplars.row(row).slice()),
        speechSeconds: columns.speechSeconds[number]!,
        isNarrowBand: columns.isNarrowBand[number] === 1,
      });
    }
    this.#means = moved.#means;
    this.#exemplars = moved.#exemplars;
    this.#columns = moved.#columns;
    this.#entries = moved.#entries;
    this.#exemplarRows = moved.#exemplarRows;
    this.#sum = moved.#sum;
    this.#numbers = moved.#numbers;
    this.#ids = moved.#ids;
    this.#version = 0;
    this.#snapshot = undefined;
  }
}

const shared = (bytes: number) => new SharedArrayBuffer(bytes);

const newColumns = (entries: number): GalleryColumns => ({
  born: new Uint32Array(shared(4 * entries)),
  died: new Uint32Array(shared(4 * entries)),
  speechSeconds: new Float64Array(shared(8 * entries)),
  isNarrowBand: new Uint8Array(shared(entries)),
  firstExemplar: new Uint32Array(shared(4 * entries)),
  exemplarCount: new Uint32Array(shared(4 * entries)),
  spread: new Float32Array(shared(4 * entries)),
});

function grown(columns: GalleryColumns, entries: number): GalleryColumns {
  const more = newColumns(entries);
  for (const name of Object.keys(columns) as (keyof GalleryColumns)[]) more[name].set(columns[name]);
  return more;
}
