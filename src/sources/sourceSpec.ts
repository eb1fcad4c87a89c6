import type { FalseAcceptPercent } from '../core/identification.js';
import type { RawFormat } from '../core/recording.js';
import type { OwnCertificate, ServerTrust } from '../core/serverTrust.js';
import type { ScheduleSpan } from './schedule.js';
import type { SipLineOptions } from './sipLine.js';

/** One source of the file: where its audio comes from, where it is, and whose voices are compared. Plain data. */
export interface SourceSpec {
  readonly id: string;
  readonly site: string;
  /** As for `watch`: an address, `mic:`, `sip:…` or a path, without user and password where `login` has them. */
  readonly source: string;
  readonly login?: { readonly user: string; readonly password: string };
  /** Certificates of `sips:`, `rtsps:` and `https:`. */
  readonly trust?: ServerTrust;
  readonly own?: OwnCertificate;
  /** Of telephone calls. */
  readonly calls?: Pick<SipLineOptions, 'isClientCertificateRequired' | 'srtp' | 'hearsEarly'>;
  readonly rawFormat?: RawFormat;
  /** A file begins again at its end. */
  readonly isLooped: boolean;
  /** Absolute; the store of the process by default. */
  readonly storeDirectory?: string;
  readonly speakerIds?: readonly string[];
  readonly falseAcceptPercent?: FalseAcceptPercent;
  /** Undefined: always. */
  readonly schedule?: readonly ScheduleSpan[];
}
