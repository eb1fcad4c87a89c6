/** `0:07.5` */
export const clock = (seconds: number): string => {
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`;
};

/** A probability; never 100 %, since no name is that certain. */
export const percent = (score: number, language: string): string =>
  new Intl.NumberFormat(language, { style: 'percent' }).format(Math.min(0.99, Math.max(0, score)));

export const decimal = (value: number, language: string, digits = 1): string =>
  new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

export const moment = (iso: string, language: string): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso));

/** An id that fits a name: letters, digits and underscores, unlike any of `taken`. */
export function speakerIdFor(name: string, taken: ReadonlySet<string>): string {
  const plain = name
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .slice(0, 100);
  const first = plain === '' ? 'person' : plain;
  let id = first;
  for (let n = 2; taken.has(id); n += 1) id = `${first}_${n}`;
  return id;
}
