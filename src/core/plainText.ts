/** Control characters, separators of lines, and halves of characters: no screen shows them, and a database refuses some. */
const NOT_IN_A_LINE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;
/** The same but for tabs and line ends. */
const NOT_IN_A_TEXT = /[^\P{Cc}\t\n\r]|\p{Cs}/u;

/** Whether a text of one line, such as a name, has visible characters only. */
export const isPlainLine = (text: string): boolean => !NOT_IN_A_LINE.test(text);

/** Whether a text, which may have several lines, has visible characters only. */
export const isPlainText = (text: string): boolean => !NOT_IN_A_TEXT.test(text);
