import { isIP, type LookupFunction, type Socket } from 'node:net';
import { type ConnectionOptions, connect, createSecureContext, type TLSSocket } from 'node:tls';
import { VoicePrintsError } from '../core/errors.js';
import { guarded } from '../core/guarded.js';
import { present } from '../core/present.js';
import type { OwnCertificate, ServerTrust } from '../core/serverTrust.js';

const FINGERPRINT_FAULT = 'CERT_FINGERPRINT_DIFFERS';
const MIN_VERSION = 'TLSv1.2';

/** Where a connection goes: over a socket that is there or is being connected, or to an address. */
type Way =
  | { readonly socket: Socket }
  | { readonly host: string; readonly port: number; readonly timeout?: number; readonly lookup?: LookupFunction };

export interface SecureConnection {
  /** Name or address that the certificate has to be for. */
  readonly name: string;
  readonly trust?: ServerTrust | undefined;
  /** Shown where the server asks for it. */
  readonly own?: OwnCertificate | undefined;
}

/** Connects over TLS. Nothing is sent, and nothing handed out, before the server's certificate was found good. */
export function connectSecurely(way: Way, { name, trust = {}, own }: SecureConnection): TLSSocket {
  const wanted = trust.fingerprint === undefined ? undefined : plainFingerprint(trust.fingerprint);
  const socket = connect({
    ...way,
    ...('socket' in way && { host: name }),
    ...ownOptions(own),
    ...present({ ca: trust.authorities }),
    ...(isIP(name) === 0 && { servername: name }),
    minVersion: MIN_VERSION,
    rejectUnauthorized: wanted === undefined,
  });
  if (wanted !== undefined) {
    const check = () => {
      if (plainFingerprint(socket.getPeerX509Certificate()?.fingerprint256 ?? '') === wanted) return;
      socket.destroy(Object.assign(new Error('another certificate than expected'), { code: FINGERPRINT_FAULT }));
    };
    socket.prependOnceListener(
      'secureConnect',
      guarded((thrown) => socket.destroy(thrown as Error), check),
    );
  }
  return socket;
}

/** What `createServer` of TLS takes. */
export function serverOptions(own: OwnCertificate, trust: ServerTrust = {}, isClientCertificateRequired = false) {
  return {
    ...ownOptions(own),
    ...present({ ca: trust.authorities }),
    minVersion: MIN_VERSION,
    requestCert: isClientCertificateRequired,
    rejectUnauthorized: isClientCertificateRequired,
  } as const;
}

/** Whether a connection failed because of TLS: its certificates, its versions, or that the other side does not speak it. */
export function isTlsFault(thrown: unknown): boolean {
  const { code } = (thrown ?? {}) as { code?: unknown };
  return typeof code === 'string' && /CERT|_TLS_|_SSL_|SIGNED|_CRL_|ISSUER|^EPROTO$/.test(code);
}

/** Throws CONFIG_INVALID for PEM that cannot be used, a key that does not open, or a fingerprint that is none. */
export function assertUsable(trust: ServerTrust | undefined, own?: OwnCertificate): void {
  if (trust?.fingerprint !== undefined && !/^[0-9a-f]{64}$/.test(plainFingerprint(trust.fingerprint))) {
    throw new VoicePrintsError(
      'CONFIG_INVALID',
      'the fingerprint of the certificate is not one; give its SHA-256 as 64 hexadecimal digits',
    );
  }
  try {
    if (trust?.authorities !== undefined && !trust.authorities.includes('-----BEGIN CERTIFICATE-----'))
      throw new Error();
    createSecureContext({ ...present({ ca: trust?.authorities }), ...ownOptions(own) } as ConnectionOptions);
  } catch (cause) {
    const message =
      'the certificates or the key cannot be used; give PEM files that belong together, and the password of an encrypted key';
    throw new VoicePrintsError('CONFIG_INVALID', message, { cause });
  }
}

const ownOptions = (own: OwnCertificate | undefined) =>
  own ? { cert: own.certificate, key: own.key, ...present({ passphrase: own.passphrase }) } : {};

const plainFingerprint = (text: string): string => text.replaceAll(/[:\s]/g, '').toLowerCase();
