/** Control characters of both kinds, and marks that turn the direction of the text around them. */
const UNPRINTABLE = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text without control sequences: names come from clients, and an escape sequence in one could rewrite the screen of a
 * terminal. Line ends are kept.
 */
export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (character) => (character === '\n' ? character : '\ufffd'));

/** The same on one line: a name must not be able to fake another row. */
export const printableLine = (text: string): string => printable(text.replace(/\s+/g, ' '));

/** JSON with control characters escaped; it parses to the same value. */
export const printableJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
