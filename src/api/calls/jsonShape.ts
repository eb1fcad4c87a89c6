import { VoicePrintsError } from '../../core/errors.js';

/** No call has more than about a thousand strings, nor long content outside strings. */
const MOST_STRINGS = 10_000;
const MOST_BYTES_BETWEEN = 64 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Refuses, before parsing, JSON whose shape no call has: calls have a few fields, of which one text may be long. Sixty
 * megabytes of brackets would block the event loop for many seconds. Scans quotes only, and no further than necessary.
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

/** End of the string that begins at `start` (the end of the bytes where it is unterminated); undefined where it contains too many quotes. */
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
    'the body has more values than any call takes; send only the fields of this call',
  );
