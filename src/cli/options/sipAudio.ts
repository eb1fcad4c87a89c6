import { CallsAudio, type LiveAudio, type SipConfig } from '../../live.js';
import { parseSipLine, type SipLine } from '../../sources/sipLine.js';
import type { OptionSpec, ParsedArguments, Terminal } from '../command.js';
import { hasFlag, textOption, usageError } from './parseCommandLine.js';
import { sourceTlsOf } from './sourceTls.js';

const SRTP: readonly SipConfig['srtp'][] = ['off', 'optional', 'required'];

/** Options of telephone calls. */
export const sipOptions = {
  srtp: { value: 'WHEN', about: 'Calls: encrypted audio off, optional or required (default: optional)' },
  'client-certs': { about: 'sips: who connects has to show a certificate that --ca signed' },
  'early-media': { about: 'Calls made: audio before the answer counts, too (announcements, a door)' },
} as const satisfies Record<string, OptionSpec>;

/** A `sip:` source of the command line. The password comes from the environment. Throws USAGE, FILE_*, CONFIG_INVALID. */
export async function sipLineOf(args: ParsedArguments, terminal: Terminal): Promise<SipLine> {
  const given = textOption(args, 'srtp');
  const srtp = SRTP.find((one) => one === given);
  if (given !== undefined && !srtp) throw usageError('--srtp is off, optional or required');
  return parseSipLine(args.positionals[0]!, {
    ...(await sourceTlsOf(args, terminal)),
    password: terminal.env.VOICE_PRINTS_SIP_PASSWORD ?? '',
    srtp,
    hearsEarly: hasFlag(args, 'early-media') || undefined,
    isClientCertificateRequired: hasFlag(args, 'client-certs'),
  });
}

/** The calls of such a source. */
export const sipAudio = (line: SipLine, signal: AbortSignal): LiveAudio => new CallsAudio({ ...line, signal });
