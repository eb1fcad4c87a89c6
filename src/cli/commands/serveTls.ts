import type { Tls } from '../../api/tlsFiles.js';
import type { OptionSpec, ParsedArguments } from '../command.js';
import { textOption, usageError } from '../options/parseCommandLine.js';

export const tlsOptions = {
  'tls-cert': { value: 'FILE', about: 'TLS certificate of REST and WebSocket (PEM); with --tls-key' },
  'tls-key': { value: 'FILE', about: 'Private key of that certificate (PEM)' },
} as const satisfies Record<string, OptionSpec>;

/** Throws USAGE where one file is given without the other, and the errors of readTls. */
export async function tlsPair(args: ParsedArguments, certOption: string, keyOption: string): Promise<Tls | undefined> {
  const [certificate, privateKey] = [textOption(args, certOption) ?? '', textOption(args, keyOption) ?? ''];
  if ((certificate === '') !== (privateKey === '')) {
    throw usageError(`--${certOption} and --${keyOption} belong together; give both`);
  }
  const { readTls } = await import('../../api/tlsFiles.js');
  return readTls({ certificate, privateKey });
}

/** The certificate of REST and WebSocket; undefined: plain HTTP. */
export const tlsOfServe = (args: ParsedArguments): Promise<Tls | undefined> => tlsPair(args, 'tls-cert', 'tls-key');
