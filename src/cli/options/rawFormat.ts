import { RAW_ENCODINGS, type RawFormat } from '../../index.js';
import type { OptionSpec, ParsedArguments } from '../command.js';
import { numberOption, textOption, usageError } from './parseCommandLine.js';

/** Options for audio without a header. */
export const rawFormatOptions = {
  encoding: { value: 'E', about: `Headerless audio only: ${RAW_ENCODINGS.join(', ')}` },
  rate: {
    value: 'HZ',
    about: 'Headerless audio only: samples per second (default 8000 for mulaw and alaw, else 16000)',
  },
  channels: { value: 'N', about: 'Headerless audio only: channels (default 1)' },
} as const satisfies Record<string, OptionSpec>;

/** Format of headerless audio; undefined where no `--encoding` was given. */
export function rawFormatOf(args: ParsedArguments): RawFormat | undefined {
  const sampleRateHz = numberOption(args, 'rate', { least: 1_000, most: 768_000, isWhole: true });
  const channels = numberOption(args, 'channels', { least: 1, most: 64, isWhole: true });
  const text = textOption(args, 'encoding');
  if (text === undefined) {
    if (sampleRateHz === undefined && channels === undefined) return undefined;
    throw usageError('--rate and --channels describe headerless audio; add --encoding s16le, mulaw or alaw');
  }
  const encoding = RAW_ENCODINGS.find((candidate) => candidate === text.toLowerCase());
  if (!encoding) throw usageError(`--encoding ${text} is not known; use one of ${RAW_ENCODINGS.join(', ')}`);
  return {
    encoding,
    sampleRateHz: sampleRateHz ?? (encoding === 'mulaw' || encoding === 'alaw' ? 8_000 : 16_000),
    channels: channels ?? 1,
  };
}
