import type { enUS } from './enUS.js';

export type TextKey = keyof typeof enUS;
/** Every text of one language. */
export type Catalogue = Readonly<Record<TextKey, string>>;
/** A text with its `{values}` filled in. */
export type TextsOf = (key: TextKey, values?: Readonly<Record<string, string | number>>) => string;
