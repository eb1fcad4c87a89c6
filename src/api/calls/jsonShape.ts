import { VoicePrintsError } from '../../core/errors.js';

/** No call has more than about a thousand strings, nor anything long that is no string. */
const MOST_STRINGS = 10_000;
const MOST_BYTES_BETWEEN = 64 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Refuses JSON of another shape than our calls have before it is parsed: a few fields, of which one text may be long. Sixty
 * megabytes of brackets would hold the event loop for many seconds. Looks at quotes only, and no further than it must.
 *
 * @throws VoicePrintsError INPUT_INVALID
 */
export function assertFewValues(json: Buffer): void {
  let between = 0;
  for (let at = 0, strings = 0; at < json.length; strings += 1) {
    const opening = json.indexOf(QUOTE, at);
    between += (opening < 0 ? json.length : opening) - at;
    if (strings >= MOST_STRINGS || between > MOST_BYTES_BETWEEN) throw tooManyValues();
    if (opening < 0) return;
    const closing = endOfString(json, opening + 1, MOST_STRINGS);
    if (closing === undefined) throw tooManyValues();
    at = closing + 1;
  }
}

/** Where the string that begins at `start` ends (at the end of the bytes where it does not); undefined where it holds too many quotes. */
function endOfString(json: Buffer, start: number, mostQuotes: number): number | undefined {
  let from = start;
  for (let quotes = 0; quotes <= mostQuotes; quotes += 1) {
    const quote = json.indexOf(QUOTE, from);
    if (quote < 0) return json.length;
    let backslashes = 0;
    while (quote - backslashes > from && json[quote - backslashes - 1] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote;
    from = quote + 1;
  }
  return undefined;
}

const tooManyValues = () =>
  new VoicePrintsError(
    'INPUT_INVALID',
    'the body has far more values than any call; send only the fields of this call',
  );
