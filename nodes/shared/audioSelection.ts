import { z } from 'zod';
import type { AudioSelection, RecordingSource } from '../../src/index.js';
import { field } from './settings.js';
import type { TypedProperty } from './typedProperty.js';

const ordinal = z.coerce.number().int().min(1).max(64);

/** Fields of nodes that take recordings: the part of them that is used. */
export const recordingShape = {
  track: field(ordinal.optional()).describe('The only audio track used, from 1; empty: all of them, mixed'),
  channel: field(ordinal.optional()).describe('The only channel used, from 1; empty: all of them, mixed'),
};

/** The same recording, with values that the message does not give taken from the settings of the node. */
export const selected = (source: RecordingSource, { track, channel }: AudioSelection): RecordingSource => ({
  ...source,
  ...(source.track === undefined && track !== undefined && { track }),
  ...(source.channel === undefined && channel !== undefined && { channel }),
});

/**
 * Whether the value behind a property may name files. Text in the settings and in the environment comes from the owner;
 * everything else may have come with a message.
 */
export const mayNameFiles = ({ type }: TypedProperty, isPath: boolean): boolean =>
  isPath || type === 'str' || type === 'env';

/**
 * Up to 0.1.0 text in any property was the path of a file. Where the property is not the payload,
 * which any node may have filled, that is kept.
 */
export const isPathBefore = ({ property = 'payload' }: { readonly property?: unknown }): boolean =>
  property !== 'payload';
