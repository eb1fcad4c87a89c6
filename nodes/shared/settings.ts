import type { Node } from 'node-red';
import { z } from 'zod';
import { parseConfig, VoicePrintsError } from '../../src/index.js';

/** Settings of a node as stored in the flow file. */
export type StoredSettings = Readonly<Record<string, unknown>>;

/** Turns settings of version `n` (its place in the list) into those of version `n + 1`. */
export type Migration = (stored: StoredSettings) => StoredSettings;

export interface SettingsForm<S extends z.ZodType> {
  readonly schema: S;
  /** Version 0 is a node without a `version`: written by hand or by a program. The list's length is today's version. */
  readonly migrations: readonly Migration[];
  /** Fields that the other choices leave without use: the dialog hides them, so what they hold cannot be wrong. */
  readonly unused?: (stored: StoredSettings) => readonly string[];
}

/** A field of the editor: numbers arrive as text, and an empty input as ''. */
export const field = <S extends z.ZodType>(schema: S) => z.preprocess((raw) => (raw === '' ? undefined : raw), schema);

/** A checkbox; an environment variable arrives as text. */
export const checkbox = z.preprocess((raw) => {
  if (raw === undefined || raw === '' || raw === 'false') return false;
  return raw === 'true' ? true : raw;
}, z.boolean());

/** A text that may be empty or absent. */
export const text = z.preprocess((raw) => (raw === undefined || raw === null ? '' : raw), z.string());

/** The stored settings, brought up to date and checked. Throws CONFIG_INVALID. */
export function readSettings<S extends z.ZodType>(form: SettingsForm<S>, stored: object): z.output<S> {
  const settings = migrate(form.migrations, stored as StoredSettings);
  const unused = new Set(form.unused?.(settings));
  return parseConfig(form.schema, Object.fromEntries(Object.entries(settings).filter(([key]) => !unused.has(key))));
}

/** Whether a checkbox of stored settings is ticked. */
export const isTicked = (value: unknown): boolean => value === true || value === 'true';

/** Applies the migrations that the settings have not seen yet. Throws CONFIG_INVALID for those of a newer release. */
export function migrate(migrations: readonly Migration[], stored: StoredSettings): StoredSettings {
  const version = Number(stored.version ?? 0);
  if (!Number.isInteger(version) || version < 0 || version > migrations.length) {
    throw new VoicePrintsError(
      'CONFIG_INVALID',
      'the settings of this node were made with a newer release; update the package, or delete the node and add it again',
    );
  }
  return migrations.slice(version).reduce((settings, step) => step(settings), stored);
}

/** Fills what is absent; an empty text counts as given. */
export const withDefaults =
  (defaults: StoredSettings): Migration =>
  (stored) => ({
    ...defaults,
    ...Object.fromEntries(Object.entries(stored).filter(([, value]) => value !== undefined)),
  });

/**
 * Settings that hold, or the reason why not: a constructor must not throw, as Node-RED would leave the node out
 * and every wire to it would end in nothing.
 */
export function trySettings<S extends z.ZodType>(
  form: SettingsForm<S>,
  stored: object,
  node: Node,
): { readonly settings: z.output<S> } | { readonly failure: VoicePrintsError } {
  try {
    return { settings: readSettings(form, stored) };
  } catch (thrown) {
    const failure = thrown as VoicePrintsError;
    node.error(failure.message);
    return { failure };
  }
}
