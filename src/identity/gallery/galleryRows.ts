import { dot } from '../../core/vector.js';
import type { EnrolledVoice } from '../voices.js';
import type { GalleryColumns } from './galleryParts.js';
import { RowMatrix } from './rowMatrix.js';

const LEAST_ENTRIES = 16;
const ALIVE = 0xffff_ffff;

/** Where the people of a gallery are, in memory that threads share. Entries are only added; those of an erased person are zeroed. */
export class GalleryRows {
  readonly means: RowMatrix;
  readonly exemplars: RowMatrix;
  /** Of each entry; undefined for somebody who was erased. */
  readonly ids: (string | undefined)[] = [];
  /** Of those who are there. */
  readonly numbers = new Map<string, number>();
  columns = newColumns(LEAST_ENTRIES);
  entries = 0;
  exemplarRows = 0;
  /** Snapshots may still have them. */
  readonly #outgrown: WeakRef<GalleryColumns>[] = [];
  /** Entries of people who changed since. */
  readonly #earlier = new Map<string, number[]>();

  constructor(dimensions: number) {
    this.means = RowMatrix.create(dimensions, LEAST_ENTRIES);
    this.exemplars = RowMatrix.create(dimensions, LEAST_ENTRIES);
  }

  /** Adds somebody who is not there. */
  add({ id, mean, exemplars, speechSeconds, isNarrowBand }: EnrolledVoice, version: number): void {
    const number = this.entries;
    if (number >= this.columns.born.length) {
      this.#outgrown.push(new WeakRef(this.columns));
      this.columns = grown(this.columns, 2 * number);
    }
    const own = exemplars.length > 1 ? exemplars : [];
    this.means.write(number, mean);
    own.forEach((exemplar, k) => {
      this.exemplars.write(this.exemplarRows + k, exemplar);
    });
    const { columns } = this;
    columns.born[number] = version;
    columns.died[number] = ALIVE;
    columns.speechSeconds[number] = speechSeconds;
    columns.isNarrowBand[number] = isNarrowBand ? 1 : 0;
    columns.firstExemplar[number] = this.exemplarRows;
    columns.exemplarCount[number] = own.length;
    columns.spread[number] = own.reduce((least, exemplar) => Math.min(least, dot(exemplar, mean)), 1);
    this.ids[number] = id;
    this.numbers.set(id, number);
    this.entries += 1;
    this.exemplarRows += own.length;
  }

  /** From this version on the person is not there. */
  bury(id: string, version: number): void {
    const number = this.numbers.get(id);
    if (number === undefined) return;
    this.numbers.delete(id);
    this.columns.died[number] = version;
    this.#earlier.set(id, [...(this.#earlier.get(id) ?? []), number]);
  }

  /** Zeroes all that there is of a person, whichever snapshot has it. */
  erase(id: string): void {
    this.bury(id, 0);
    for (const number of this.#earlier.get(id) ?? []) {
      for (const columns of [this.columns, ...this.#outgrown.flatMap((one) => one.deref() ?? [])])
        if (number < columns.died.length) columns.died[number] = 0;
      this.means.zero(number);
      for (const row of this.#exemplarsOf(number)) this.exemplars.zero(row);
      this.ids[number] = undefined;
    }
    this.#earlier.delete(id);
  }

  /** A person who is there. */
  voiceOf(id: string): EnrolledVoice {
    const number = this.numbers.get(id)!;
    return {
      id,
      mean: this.means.row(number).slice(),
      exemplars: this.#exemplarsOf(number).map((row) => this.exemplars.row(row).slice()),
      speechSeconds: this.columns.speechSeconds[number]!,
      isNarrowBand: this.columns.isNarrowBand[number] === 1,
    };
  }

  #exemplarsOf(number: number): number[] {
    const { firstExemplar, exemplarCount } = this.columns;
    return Array.from({ length: exemplarCount[number]! }, (_, k) => firstExemplar[number]! + k);
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
