import { present } from '../../core/present.js';
import type { AudioSelection } from '../../index.js';
import type { OptionSpec, ParsedArguments } from '../command.js';
import { numberOption, textOption } from './parseCommandLine.js';

/** Options that choose a part of a recording. */
export const audioSelectionOptions = {
  track: { value: 'N', about: 'Only this audio track, counted from 1 (default: all of them, mixed)' },
  channel: { value: 'N', about: 'Only this channel, counted from 1 (default: all of them, mixed)' },
} as const satisfies Record<string, OptionSpec>;

const RANGE = { least: 1, most: 64, isWhole: true } as const;

export function audioSelectionOf(args: ParsedArguments): AudioSelection {
  const track = numberOption(args, 'track', RANGE);
  const channel = numberOption(args, 'channel', RANGE);
  return present({ track, channel });
}

/** The same where a channel may also be `each`: every audio track, or channel, is one person. */
export const audioPartsOptions = {
  ...audioSelectionOptions,
  channel: {
    value: 'N|each',
    about:
      'Only this channel, counted from 1; each: every audio track, or channel, is one person (default: all, mixed)',
  },
} as const satisfies Record<string, OptionSpec>;

export function audioPartsOf(args: ParsedArguments): AudioSelection & { readonly isSpeakerPerChannel: boolean } {
  if (textOption(args, 'channel') !== 'each') return { ...audioSelectionOf(args), isSpeakerPerChannel: false };
  const track = numberOption(args, 'track', RANGE);
  return { ...present({ track }), isSpeakerPerChannel: true };
}
