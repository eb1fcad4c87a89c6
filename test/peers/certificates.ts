import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OwnCertificate } from '../../src/core/serverTrust.js';

/** A certificate with its key, as files and as text. */
export interface TestCertificate extends OwnCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** SHA-256, with colons. */
  readonly fingerprint: string;
}

const openssl = (...args: readonly string[]): void => {
  execFileSync('openssl', args, { stdio: 'ignore' });
};

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-days', '2'];
const names = (host: string) => `subjectAltName=${/^[\d.]+$/.test(host) ? 'IP' : 'DNS'}:${host}`;

/** An authority, and certificates it signs, in a folder. */
export class TestAuthority {
  readonly file: string;
  readonly #folder: string;

  constructor(folder: string, name = 'authority') {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.file = join(folder, `${name}.pem`);
    openssl(
      'req',
      '-x509',
      ...NEW_KEY,
      '-noenc',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${this.file}.key`,
      '-out',
      this.file,
    );
  }

  get authorities(): string {
    return readFileSync(this.file, 'utf8');
  }

  /** @param password of the key; none by default */
  sign(host: string, { name = host, password = '' } = {}): TestCertificate {
    const [certificateFile, keyFile] = [join(this.#folder, `${name}.pem`), join(this.#folder, `${name}.key`)];
    const signed = ['-CA', this.file, '-CAkey', `${this.file}.key`, '-addext', names(host)];
    const locked = password === '' ? ['-noenc'] : ['-passout', `pass:${password}`];
    openssl(
      'req',
      '-x509',
      ...NEW_KEY,
      ...locked,
      '-subj',
      `/CN=${host}`,
      ...signed,
      '-keyout',
      keyFile,
      '-out',
      certificateFile,
    );
    return read(certificateFile, keyFile, password);
  }
}

/** A certificate that nobody else signed. */
export function selfSigned(folder: string, host: string, name = 'self'): TestCertificate {
  mkdirSync(folder, { recursive: true });
  const [certificateFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const subject = ['-subj', `/CN=${host}`, '-addext', names(host)];
  openssl('req', '-x509', ...NEW_KEY, '-noenc', ...subject, '-keyout', keyFile, '-out', certificateFile);
  return read(certificateFile, keyFile, '');
}

function read(certificateFile: string, keyFile: string, password: string): TestCertificate {
  const certificate = readFileSync(certificateFile, 'utf8');
  return {
    certificateFile,
    keyFile,
    certificate,
    key: readFileSync(keyFile, 'utf8'),
    fingerprint: new X509Certificate(certificate).fingerprint256,
    ...(password !== '' && { passphrase: password }),
  };
}
