/** Up to `length` bytes at `position`; fewer at the end. */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>;

export const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Bytes as Latin-1 text. */
export const text = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', start, end);

/** Where a Latin-1 text stands in the bytes, or -1. */
export const find = (bytes: Uint8Array, what: string): number =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(what, 0, 'latin1');
