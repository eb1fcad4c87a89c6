import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSources } from '../../src/sources/sourcesFile.js';
import { TestAuthority } from '../peers/certificates.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

async function read(text: string, env = {}) {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'sources.yaml'), text);
  await writeFile(join(folder, 'password'), 'from a file\nnot this\n');
  return { folder, specs: readSources(join(folder, 'sources.yaml'), env) };
}

test('everything that can be said of a source', async () => {
  const text = `
sources:
  hall:
    source: rtsp://camera.local/stream
    site: hall/door
    user: admin
    passwordEnv: CAMERA
    speakers: [alice, bob]
    falseAccept: 0.1
    store: voices
    schedule: ["Mon-Fri 07:00-19:00", "22:00-02:00"]
  radio: { source: "https://user:secret@radio.example.org/live" }
  line: { source: "sip:ours@pbx.local", passwordFile: password }
  kitchen: { source: "mic:" }
  loop: { source: talk.wav, loop: true }
  raw: { source: raw.ulaw, encoding: mulaw }
`;
  const { folder, specs } = await read(text, { CAMERA: 'secret' });
  expect(await specs).toEqual([
    {
      ...{ id: 'hall', site: 'hall/door', source: 'rtsp://camera.local/stream', isLooped: false },
      ...{ login: { user: 'admin', password: 'secret' }, speakerIds: ['alice', 'bob'], falseAcceptPercent: 0.1 },
      storeDirectory: join(folder, 'voices'),
      schedule: [
        { days: [1, 2, 3, 4, 5], from: 420, to: 1140 },
        { days: [0, 1, 2, 3, 4, 5, 6], from: 1320, to: 120 },
      ],
    },
    { id: 'radio', site: 'radio', source: 'https://user:secret@radio.example.org/live', isLooped: false },
    {
      ...{ id: 'line', site: 'line', source: 'sip:ours@pbx.local', isLooped: false },
      login: { user: '', password: 'from a file' },
    },
    { id: 'kitchen', site: 'kitchen', source: 'mic:', isLooped: false },
    { id: 'loop', site: 'loop', source: join(folder, 'talk.wav'), isLooped: true },
    {
      ...{ id: 'raw', site: 'raw', source: join(folder, 'raw.ulaw'), isLooped: false },
      rawFormat: { encoding: 'mulaw', sampleRateHz: 8_000, channels: 1 },
    },
  ]);
});

test.each([
  ['no YAML', 'sources: {a: [hush', /line \d+, column \d+/],
  ['a key twice', 'sources:\n  a: {source: "mic:"}\n  a: {source: hush}', /line 3/],
  ['no sources', '{}', /sources is missing/],
  ['an empty file', '# later\n', /names no sources yet/],
  ['an empty list', 'sources:\n', /names no sources yet/],
  ['a source without its members', 'sources:\n  a:\n', /sources\.a must be an object/],
  ['a colon without quotes', 'sources:\n  a:\n    source: mic:\n', /line 3.*needs quotes: "mic:"/],
  ['the same on one line', 'sources:\n  a: { source: mic: }\n', /line 2.*needs quotes: "mic:"/],
  ['a member that is none', 'sources: {a: {source: "mic:", pasword: hush}}', /sources\.a has unknown fields: pasword/],
  ['an id with a slash', 'sources: {a/b: {source: "mic:"}}', /letters, digits/],
  ['a site with a wildcard', 'sources: {a: {source: "mic:", site: "a/#"}}', /sources\.a\.site/],
  ['a reserved site', 'sources: {status: {source: "mic:"}}', /sources\.status/],
  ['a schedule of nobody', 'sources: {a: {source: "mic:", schedule: [hush]}}', /sources\.a\.schedule\.0 must be like/],
  ['an address of another kind', 'sources: {a: {source: "gopher://u:hush@h"}}', /sources\.a/],
  ['standard input', 'sources: {a: {source: "-"}}', /standard input/],
  ['a password twice', 'sources: {a: {source: "mic:", passwordEnv: A, passwordFile: b}}', /give one/],
  ['a variable that is not set', 'sources: {a: {source: "rtsp://h/", passwordEnv: A}}', /not set/],
  ['an encoding of a camera', 'sources: {a: {source: "rtsp://h/", encoding: mulaw}}', /encoding/],
  [
    'a bomb of aliases',
    `a: &a [hush,hush]\n${'bcdefghi'
      .split('')
      .map((c, i) => `${c}: &${c} [${`*${'abcdefgh'[i]},`.repeat(9)}]`)
      .join('\n')}`,
    /YAML|unknown fields/,
  ],
  ['a large file', `# ${'hush'.repeat(100_000)}`, /larger/],
])('%s is refused with the place, and without a value', async (_name, text, message) => {
  const { specs } = await read(text);
  const error = await specs.then(
    () => undefined,
    (thrown: Error & { code: string }) => thrown,
  );
  expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) });
  expect(error!.message).not.toContain('hush');
});

test('a file that is not there', async () => {
  await expect(readSources('/nowhere/sources.yaml', {})).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
});

test('the example is one that can be read', async () => {
  const env = { HALL_CAMERA_PASSWORD: 'a', PBX_PASSWORD: 'b' };
  const specs = await readSources('examples/sources.yaml', env);
  expect(specs.map(({ id }) => id)).toEqual(['hall-camera', 'kitchen', 'radio', 'encoder', 'bedroom', 'line']);
});

test('certificates of a source: read with the file, never quoted', async () => {
  const folder = await temporaryFolder();
  const authority = new TestAuthority(folder);
  const own = authority.sign('line.example', { password: 'of the key' });
  const path = join(folder, 'sources.yaml');
  const text = `
sources:
  camera: { source: "rtsps://camera.local/stream", ca: authority.pem }
  radio: { source: "https://radio.local/live", fingerprint: "${own.fingerprint}" }
  line:
    source: sips:0.0.0.0:5061
    certificate: line.example.pem
    key: line.example.key
    keyPasswordEnv: KEY
    ca: authority.pem
    clientCertificates: true
    srtp: required
    earlyMedia: true
`;
  await writeFile(path, text);
  const trust = { authorities: authority.authorities };
  const { certificate, key, passphrase, fingerprint } = own;
  expect(await readSources(path, { KEY: 'of the key' })).toMatchObject([
    { id: 'camera', trust },
    { id: 'radio', trust: { fingerprint } },
    {
      ...{ id: 'line', trust, own: { certificate, key, passphrase } },
      calls: { isClientCertificateRequired: true, srtp: 'required', hearsEarly: true },
    },
  ]);
  const refused = await readSources(path, { KEY: 'of the door' }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('sources.line') });
  expect(String(refused)).not.toContain('of the door');
});

test.each([
  { name: 'ca of a microphone', text: `source: "mic:", fingerprint: "${'ab'.repeat(32)}"`, says: 'no TLS' },
  { name: 'srtp of a camera', text: 'source: "rtsp://camera.local/", srtp: off', says: 'for telephone calls' },
  { name: 'a line to be called, without a certificate', text: 'source: "sips:0.0.0.0"', says: 'needs a certificate' },
  { name: 'a fingerprint that is none', text: 'source: "rtsps://camera.local/", fingerprint: ab', says: 'fingerprint' },
])('$name: CONFIG_INVALID', async ({ text, says }) => {
  const { specs } = await read(`sources:\n  one: { ${text} }\n`);
  await expect(specs).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(says) });
});
