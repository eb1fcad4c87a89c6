import { ERROR_CODES, type ErrorCode, VoicePrintsError } from '../../index.js';
import type { Terminal } from '../command.js';

/** One call to a running server, with the key in VOICE_PRINTS_API_KEY. Throws refusals of the server with their code. */
export async function askServer(
  { env, signal }: Terminal,
  server: string,
  path: string,
  method: 'GET' | 'POST' = 'GET',
): Promise<unknown> {
  if (!URL.canParse(`${server}${path}`)) {
    throw new VoicePrintsError('URL_INVALID', 'the address of the server cannot be read; give http://host:port');
  }
  const key = env.VOICE_PRINTS_API_KEY;
  if (!key) throw new VoicePrintsError('CONFIG_INVALID', 'no key for the server; set VOICE_PRINTS_API_KEY');
  const response = await fetch(`${server}${path}`, { method, headers: { 'x-api-key': key }, signal }).catch((cause) => {
    throw new VoicePrintsError('URL_UNREACHABLE', 'the server does not answer; check --server', { cause });
  });
  const body = (await response.json().catch(() => ({}))) as { readonly code?: string; readonly detail?: string };
  if (response.ok) return body;
  const code = ERROR_CODES.find((one): one is ErrorCode => one === body.code) ?? 'INPUT_INVALID';
  throw new VoicePrintsError(code, body.detail ?? `the server refused with status ${response.status}; check the key`);
}
