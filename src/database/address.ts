import { VoicePrintsError } from '../core/errors.js';

/** As libpq names them. Its `allow` and `prefer` would do without TLS where somebody in between asks for it. */
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'];

const SHAPE = 'postgres://user:password@host:port/database';

/**
 * The address as the driver takes it: `sslmode` then means what it means to PostgreSQL's own programs. Throws CONFIG_INVALID for
 * what is no such address, without showing it.
 */
export function driverAddress(address: string): string {
  if (!/^postgres(ql)?:\/\//.test(address) || !URL.canParse(address)) {
    throw invalid(`the address of the database is not ${SHAPE}`);
  }
  const { searchParams } = new URL(address);
  const mode = searchParams.get('sslmode');
  if (mode === null) return address;
  if (!SSL_MODES.includes(mode)) throw invalid(`sslmode is one of ${SSL_MODES.join(', ')}`);
  if (mode === 'verify-ca' && !searchParams.has('sslrootcert')) {
    throw invalid('sslmode=verify-ca needs sslrootcert, the file of the authority that signs');
  }
  return searchParams.has('uselibpqcompat') ? address : `${address}&uselibpqcompat=true`;
}

const invalid = (problem: string): VoicePrintsError =>
  new VoicePrintsError('CONFIG_INVALID', `${problem}; correct VOICE_PRINTS_DATABASE_URL`);
