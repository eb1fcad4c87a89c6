import { type OwnCertificate, readTlsFiles, type ServerTrust } from '../../live.js';
import type { OptionSpec, ParsedArguments, Terminal } from '../command.js';
import { textOption } from './parseCommandLine.js';

/** Options for the certificates of sources over TLS. */
export const sourceTlsOptions = {
  ca: {
    value: 'FILE',
    about: 'Over TLS: authorities of the certificate of the source (PEM; default: the public ones)',
  },
  fingerprint: { value: 'HEX', about: 'Over TLS: SHA-256 of the one certificate that is accepted, self-signed or not' },
  cert: { value: 'FILE', about: 'sips: certificate of this side (PEM); with --key' },
  key: { value: 'FILE', about: 'sips: private key of that certificate (PEM)' },
} as const satisfies Record<string, OptionSpec>;

/** The certificates of a source; the password of the key comes from the environment. Throws FILE_*, CONFIG_INVALID. */
export const sourceTlsOf = (
  args: ParsedArguments,
  { env }: Terminal,
): Promise<{ readonly trust?: ServerTrust; readonly own?: OwnCertificate }> =>
  readTlsFiles({
    authorities: textOption(args, 'ca'),
    fingerprint: textOption(args, 'fingerprint'),
    certificate: textOption(args, 'cert'),
    key: textOption(args, 'key'),
    passphrase: env.VOICE_PRINTS_TLS_KEY_PASSWORD,
  });
