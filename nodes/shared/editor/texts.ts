import type { TextValues } from './red.js';

/** A text of one node's catalogue, e.g. `errors.queueLimit`. */
export type Texts = (key: string, values?: TextValues) => string;

/** The texts of the node `type`, also where no node of it is at hand. */
export const textsOf =
  (type: string): Texts =>
  (key, values) =>
    RED._(`@voice-prints/node-red/${type}:${type}.${key}`, values);
