import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { wyomingClient } from '../../api/wyoming/peers.js';
import { ended, ran, started } from '../program.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-serve-'));
const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts `serve` on a free port and reads the one line it prints. */
async function serving(store: string, argv: readonly string[] = [], env: Record<string, string> = {}) {
  const child = started(['serve', '--port', '0', '--grpc-port', '0', '--store', join(folder, store), ...argv], env);
  running.add(child);
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await once(lines, 'line')) as [string];
  return { child, line: JSON.parse(line) as { rest: string; grpc?: string; wyoming?: string; apiKey?: string } };
}

const people = (rest: string, key: string) =>
  fetch(`${rest}/v1/speakers`, { headers: { authorization: `Bearer ${key}` } });

test('keys of the environment open it, others do not; Ctrl-C ends it with 0', async () => {
  const { child, line } = await serving('a', [], { VOICE_PRINTS_API_KEYS: 'home:first-key,shop:second-key' });
  expect(Object.keys(line)).toEqual(['rest', 'grpc']);
  expect(line.grpc).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(line.rest).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await people(line.rest, 'first-key')).status).toBe(200);
  expect((await people(line.rest, 'wrong-key')).status).toBe(401);
  const end = ended(child);
  child.kill('SIGINT');
  expect((await end).exitCode).toBe(0);
  await expect(people(line.rest, 'first-key')).rejects.toThrow();
});

test('without keys one is made, shown once, kept hashed, and good the next time', async () => {
  const first = await serving('b');
  const key = first.line.apiKey!;
  const remarks = createInterface({ input: first.child.stderr! });
  expect(await once(remarks, 'line')).toEqual([expect.stringContaining(`The console is at ${first.line.rest};`)]);
  expect((await people(first.line.rest, key)).status).toBe(200);
  const kept = readFileSync(join(folder, 'b', 'api-keys.json'), 'utf8');
  expect(JSON.parse(kept).keys).toMatchObject([{ tenantId: 'local', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
  expect(kept).not.toContain(key);
  first.child.kill('SIGTERM');
  await once(first.child, 'close');
  const second = await serving('b');
  expect(Object.keys(second.line)).toEqual(['rest', 'grpc']);
  expect((await people(second.line.rest, key)).status).toBe(200);
});

test('a key file is read; a port in use is reported', async () => {
  const keyFile = join(folder, 'keys.txt');
  writeFileSync(keyFile, '# our keys\nhome:from-a-file\n');
  const { line } = await serving('c', ['--key-file', keyFile]);
  expect((await people(line.rest, 'from-a-file')).status).toBe(200);
  const { port } = new URL(line.rest);
  const second = await ended(started(['serve', '--port', port, '--store', join(folder, 'd'), '--json']));
  expect(second.exitCode).toBe(1);
  expect(JSON.parse(second.stdout).error.code).toBe('CONFIG_INVALID');
});

test('--wyoming serves voice assistants, on request only; its options are checked', async () => {
  const { child, line } = await serving('wyoming', ['--wyoming', 'tcp://127.0.0.1:0', '--wyoming-enrol']);
  const client = await wyomingClient(line.wyoming!);
  client.send('describe');
  expect((await client.until('info')).data).toMatchObject({
    asr: [],
    identity: [{ name: 'voice-prints', models: [{ identities: [] }] }],
  });
  const end = ended(child);
  child.kill('SIGINT');
  expect((await end).exitCode).toBe(0);
  const refused = async (...argv: readonly string[]) => {
    const { exitCode, stdout } = await ran(['serve', '--port', '0', '--json', '--store', join(folder, 'w'), ...argv]);
    return [exitCode, JSON.parse(stdout).error.code];
  };
  expect(await refused('--wyoming-asr', 'tcp://127.0.0.1:10300')).toEqual([2, 'USAGE']);
  expect(await refused('--wyoming', '10300')).toEqual([2, 'USAGE']);
  expect(await refused('--wyoming', 'tcp://127.0.0.1:0', '--wyoming-allow', 'the garden')).toEqual([
    1,
    'CONFIG_INVALID',
  ]);
  expect(await refused('--wyoming', 'tcp://127.0.0.1:0', '--wyoming-announce')).toEqual([2, 'USAGE']);
  expect(await refused('--wyoming', 'tcp://127.0.0.1:0', '--wyoming-site', 'a/#')).toEqual([2, 'USAGE']);
  expect(await refused('--mqtt', 'http://broker')).toEqual([1, 'INPUT_INVALID']);
  expect(await refused('--sources', join(folder, 'none.yaml'))).toEqual([1, 'FILE_NOT_FOUND']);
  expect(existsSync(join(folder, 'w')), 'nothing is opened for options that are wrong').toBe(false);
});

test('web pages of the origins of --cors-origins may call, else those of the environment; everybody is no origin', async () => {
  const env = {
    VOICE_PRINTS_API_KEYS: 'home:first-key',
    VOICE_PRINTS_CORS_ORIGINS: 'https://env.example.org, http://localhost:5173',
  };
  /** What a preflight from there is told. */
  const leave = async (rest: string, origin: string) => {
    const headers = { origin, 'access-control-request-method': 'GET' };
    const answer = await fetch(`${rest}/v1/speakers`, { method: 'OPTIONS', headers });
    return [answer.status, answer.headers.get('access-control-allow-origin')];
  };
  const { line } = await serving('cors', [], env);
  expect(await leave(line.rest, 'http://localhost:5173')).toEqual([204, 'http://localhost:5173']);
  const named = await serving('cors-named', ['--cors-origins', 'https://app.example.org'], env);
  expect(await leave(named.line.rest, 'https://app.example.org')).toEqual([204, 'https://app.example.org']);
  expect(await leave(named.line.rest, 'https://env.example.org')).toEqual([401, null]);
  const refused = await ran(['serve', '--cors-origins', '*', '--store', join(folder, 'cors-all'), '--json']);
  expect([refused.exitCode, JSON.parse(refused.stdout).error.code]).toEqual([1, 'CONFIG_INVALID']);
});

test('TLS of gRPC needs both files, and reports a missing one', async () => {
  const store = ['--store', join(folder, 'tls'), '--port', '0', '--grpc-port', '0', '--json'];
  const env = { VOICE_PRINTS_API_KEYS: 'home:first-key' };
  const half = await ran(['serve', '--grpc-cert', 'a.pem', ...store], env);
  expect([half.exitCode, JSON.parse(half.stdout).error.code]).toEqual([2, 'USAGE']);
  const gone = await ran(['serve', '--grpc-cert', 'gone.pem', '--grpc-key', 'key.pem', ...store], env);
  expect([gone.exitCode, JSON.parse(gone.stdout).error]).toMatchObject([
    1,
    { code: 'FILE_NOT_FOUND', message: expect.stringContaining('TLS certificate gone.pem does not exist') },
  ]);
});

test('with a certificate REST is HTTPS; half of the pair, or a key of another certificate, is refused', async () => {
  const pem = (name: string) => join(folder, name);
  for (const name of ['own', 'other']) {
    const subject = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
    const files = ['-keyout', pem(`${name}.key`), '-out', pem(`${name}.crt`), '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', ['req', ...subject, ...files], { stdio: 'ignore' });
  }
  const env = { VOICE_PRINTS_API_KEYS: 'home:first-key' };
  const { line } = await serving('https', ['--tls-cert', pem('own.crt'), '--tls-key', pem('own.key')], env);
  expect(line.rest).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const curl = ['-sS', '--cacert', pem('own.crt'), '-H', 'Authorization: Bearer first-key', `${line.rest}/v1/speakers`];
  expect(JSON.parse(execFileSync('curl', curl, { encoding: 'utf8' }))).toMatchObject({ speakers: [] });
  const refused = async (...argv: string[]) => {
    const { exitCode, stdout } = await ran(['serve', '--json', '--port', '0', '--store', pem('https2'), ...argv], env);
    return [exitCode, JSON.parse(stdout).error.code];
  };
  expect(await refused('--tls-cert', pem('own.crt'))).toEqual([2, 'USAGE']);
  expect(await refused('--tls-cert', pem('own.crt'), '--tls-key', pem('other.key'))).toEqual([1, 'CONFIG_INVALID']);
});

test('keys are made and revoked while the server runs', async () => {
  const { line } = await serving('e', [], { VOICE_PRINTS_API_KEYS: 'home:first-key' });
  const store = ['--store', join(folder, 'e'), '--json'];
  const keys = async (...argv: string[]) => JSON.parse((await ran(['keys', ...argv, ...store])).stdout);
  const made = await keys('create', 'shop', '--scopes', 'enrol', '--label', 'till');
  await vi.waitFor(async () => expect((await people(line.rest, made.apiKey)).status).toBe(200), { timeout: 240_000 });
  expect((await people(line.rest, 'first-key')).status).toBe(200);
  const { apiKey: _, ...record } = made;
  expect(await keys('list')).toEqual([record]);
  const rotated = await keys('rotate', made.keyId, '--grace', '0');
  await vi.waitFor(async () => expect((await people(line.rest, rotated.apiKey)).status).toBe(200), {
    timeout: 240_000,
  });
  expect((await people(line.rest, made.apiKey)).status).toBe(401);
  await keys('revoke', rotated.keyId);
  await vi.waitFor(async () => expect((await people(line.rest, rotated.apiKey)).status).toBe(401), {
    timeout: 240_000,
  });
  const refused = await ran(['keys', 'revoke', 'key-00000000', ...store]);
  expect([refused.exitCode, JSON.parse(refused.stdout).error.code]).toEqual([1, 'KEY_NOT_FOUND']);
});

test('what is thrown outside every call ends serve with a failure, once the calls in work have ended', async () => {
  const throwing = "data:text/javascript,process.on('SIGUSR2',()=>{throw new Error('outside')})";
  const env = { VOICE_PRINTS_API_KEYS: 'home:first-key', NODE_OPTIONS: `--import "${throwing}"` };
  const { child, line } = await serving('last-net', ['--log', 'error'], env);
  const { hostname, port } = new URL(line.rest);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const body = JSON.stringify({ speakerId: 'nobody' });
  const path = '/audio/generic/api/v1/sync/diarization/delete?apikey=first-key';
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n`;
  socket.write(head);
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 100/); // the call is in work
  const end = ended(child);
  child.kill('SIGUSR2');
  await expect.poll(() => people(line.rest, 'first-key').catch(() => 'refused')).toBe('refused');
  socket.write(body);
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 200/);
  const { exitCode, stderr } = await end;
  expect(exitCode).toBe(1);
  const logged = stderr.split('\n').flatMap((text) => (text.startsWith('{') ? [JSON.parse(text)] : []));
  expect(logged).toMatchObject([{ code: 'INTERNAL', requestId: 'process', stack: expect.stringContaining('outside') }]);
  expect(stderr).toContain('INTERNAL: something failed outside every call');
});
