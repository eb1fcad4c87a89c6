import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { type RunningGrpcServer, serveGrpc } from '../../../src/api/grpc/serveGrpc.js';
import { createEngine, type Engine } from '../../../src/index.js';
import { type SpokenAudio, spokenAudio } from '../../support/spokenAudio.js';
import { type Asked, compiledStubs, PYTHON, pythonCalls, type Told } from './grpcStubs.js';

/** Python's grpcio with compiled stubs against the real engine: what a client of the closed service does. */
const KEY = [['apikey', 'acme-key']] as const;
let audio: SpokenAudio;
let stubs: ReturnType<typeof compiledStubs>;
let engine: Engine;
let server: RunningGrpcServer;
const storeDirectory = mkdtempSync(join(tmpdir(), 'voice-prints-grpc-'));
const keys = ApiKeys.fromPairs('acme:acme-key,globex:globex-key');

beforeAll(async () => {
  audio = spokenAudio();
  stubs = compiledStubs();
  engine = await createEngine({ storeDirectory });
  for (const speakerId of ['slt', 'rms'] as const) {
    await engine.enroll({ tenantId: 'acme', speakerId, samples: [{ kind: 'file', path: audio[speakerId] }] });
  }
  server = await serveGrpc({ engine, keys, port: 0 });
});
afterAll(async () => {
  await server?.close();
  await engine?.[Symbol.asyncDispose]();
  stubs?.[Symbol.dispose]();
  audio?.[Symbol.dispose]();
  rmSync(storeDirectory, { recursive: true, force: true });
});

/** The conversation in pieces of 5 s: samples without a header, or each with a WAV header of its own. */
function pieces(seconds = 5): Buffer[] {
  const samples = readFileSync(audio.as(audio.talk, 's16'));
  const size = seconds * 32_000;
  return Array.from({ length: Math.ceil(samples.length / size) }, (_, i) => samples.subarray(i * size, (i + 1) * size));
}

function wavOf(samples: Buffer): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(16_000, 24);
  header.writeUInt32LE(32_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

const content = (bytes: Buffer) => bytes.toString('base64');
type Metadata = readonly (readonly [string, string])[];
type Chunks = readonly Readonly<Record<string, unknown>>[];

async function call(chunks: Chunks, metadata: Metadata = KEY, more: Partial<Asked> = {}): Promise<Told> {
  const [told] = await pythonCalls(stubs.folder, [{ address: server.address, metadata, chunks, ...more }]);
  return told!;
}

/** Seconds of the conversation under the right name. */
function rightSeconds(answers: Told['answers'], offset = 0): number {
  let right = 0;
  for (const { voice, start, end } of audio.turns) {
    const name = voice === 'kal16' ? 'UserNotIdentified' : voice;
    for (const answer of answers.filter(({ speaker_id }) => speaker_id === name)) {
      right += Math.max(0, Math.min(end, (answer.end ?? 0) - offset) - Math.max(start, (answer.start ?? 0) - offset));
    }
  }
  return right;
}
const totalSeconds = () => audio.turns.at(-1)!.end;

test('chunks with their own headers: each answered before the next is sent, in seconds of the stream', async () => {
  const chunks = pieces().map((samples, i) => ({
    id: i + 1,
    content: content(wavOf(samples)),
    encoding: 'wav',
    languageCode: 'en-US',
    sampleRate: 16_000,
    segmentOffset: 100 + 5 * i,
    duration: samples.length / 32_000,
  }));
  const { answers, status } = await call(chunks, KEY, { everyChunkAnswered: true });
  expect(status).toBe('OK');
  expect(rightSeconds(answers, 100)).toBeGreaterThan(0.8 * totalSeconds());
  for (const { id = 0, start = 0, end = 0, identification_score = 0 } of answers) {
    expect(start).toBeGreaterThanOrEqual(100 + 5 * (id - 1));
    expect(end).toBeLessThanOrEqual(100 + 5 * id);
    expect(identification_score).toBeGreaterThanOrEqual(0);
    expect(identification_score).toBeLessThanOrEqual(1);
  }
});

test('samples without a header, described by the metadata, all at once: the chunks follow each other', async () => {
  const chunks = pieces(4).map((samples) => ({ content: content(samples) }));
  const metadata = [...KEY, ['encoding', 'PCM'], ['samplerate', '16000'], ['apiversion', 'v2']] as const;
  const { answers, status } = await call(chunks, metadata);
  expect(status).toBe('OK');
  expect(rightSeconds(answers)).toBeGreaterThan(0.8 * totalSeconds());
});

test('chunks too short to find speech in are answered together, under the id of the last of them', async () => {
  const samples = pieces(0.1);
  const chunks = samples.map((piece, i) => ({
    id: i + 1,
    content: content(piece),
    encoding: 'pcm',
    sampleRate: 16_000,
  }));
  const { answers, status } = await call(chunks);
  expect(status).toBe('OK');
  expect(rightSeconds(answers)).toBeGreaterThan(0.8 * totalSeconds());
  for (const { id = 0, end = 0 } of answers) expect(end).toBeLessThanOrEqual(id / 10 + 1e-6);
  // The rest of the stream, shorter than a second, is answered at its end.
  const [told] = pieces(0.9);
  const alone = [{ id: 3, content: content(told!), encoding: 'pcm', sampleRate: 16_000 }];
  const spoken = await call(alone);
  expect(spoken.answers.map(({ id }) => id)).toEqual([3]);
  const verbose = await call(alone, [...KEY, ['verbose', 'true']]);
  expect(verbose.answers[0]!.Error).toContain('[AUDIO_TOO_SHORT]');
});

test('a few samples of G.711 are what they are said to be, whatever they look like', async () => {
  // The first bytes are those of an AAC frame.
  const bytes = Buffer.from([0xff, 0xf1, 0x50, 0x80, 0x0f, 0x7f, ...Array(74).fill(0xff)]);
  const metadata = [...KEY, ['encoding', 'mulaw'], ['samplerate', '8000'], ['verbose', 'true']] as const;
  const { answers } = await call([{ content: content(bytes) }, { content: content(Buffer.alloc(80, 0x7b)) }], metadata);
  expect(answers.map(({ Error: what }) => /\[(\w+)\]$/.exec(what ?? '')?.[1])).toEqual(
    Array(2).fill('AUDIO_TOO_SHORT'),
  );
});

test('people may be given in several pieces of metadata', async () => {
  const metadata = [...KEY, ['speakerids', 'slt'], ['speakerids', 'rms']] as const;
  const { answers } = await call([{ content: content(wavOf(Buffer.concat(pieces()))) }], metadata);
  expect(rightSeconds(answers)).toBeGreaterThan(0.8 * totalSeconds());
});

test('a WAV file cut into pieces: only the first has the header', async () => {
  const file = readFileSync(audio.talk);
  const chunks = Array.from({ length: Math.ceil(file.length / 160_000) }, (_, i) => ({
    content: content(file.subarray(i * 160_000, (i + 1) * 160_000)),
    encoding: 'wav',
    sampleRate: 16_000,
  }));
  const { answers } = await call(chunks);
  expect(answers.filter((answer) => answer.Error)).toEqual([]);
  expect(rightSeconds(answers)).toBeGreaterThan(0.8 * totalSeconds());
});

test('whole files in one chunk, whatever their form, for the named people only', async () => {
  const chunks = (['flac', 'mp3', 'ogg'] as const).map((form, id) => ({
    id,
    content: content(readFileSync(audio.as(audio.talk, form))),
    encoding: form,
  }));
  const { answers } = await call(chunks, [...KEY, ['speakerids', 'rms']]);
  for (const { id } of chunks) {
    const named = answers.filter((answer) => (answer.id ?? 0) === id).map(({ speaker_id }) => speaker_id);
    expect(new Set(named)).toEqual(new Set(['rms', 'UserNotIdentified']));
  }
});

test('first published stubs, with float seconds and userids, read and are read right', async () => {
  using old = compiledStubs(true);
  const chunks = pieces().map((samples, i) => ({
    content: content(wavOf(samples)),
    segmentOffset: 0.1 + 5 * i,
    duration: 5,
  }));
  const metadata = [...KEY, ['userids', 'slt,rms']] as const;
  const [told] = await pythonCalls(old.folder, [{ address: server.address, metadata, chunks }]);
  expect(told!.status).toBe('OK');
  expect(rightSeconds(told!.answers, 0.1)).toBeGreaterThan(0.8 * totalSeconds());
});

test('a bad chunk is answered with its Error, and the stream goes on', async () => {
  const [first] = pieces();
  const { answers, status } = await call([
    { id: 1, content: 'not base64!' },
    { id: 2, content: content(Buffer.from('{"this": "is not audio"}')), encoding: 'wav', sampleRate: 16_000 },
    { id: 3, content: content(wavOf(first!)), segmentOffset: -1 },
    { id: 4, content: content(wavOf(first!)), speakerIds: ['nobody_of_this_name'] },
    { id: 5 },
    { id: 6, content: content(wavOf(first!)) },
  ]);
  expect(status).toBe('OK');
  const errors = answers.flatMap((answer) => (answer.Error ? [[answer.id, /\[(\w+)\]$/.exec(answer.Error)?.[1]]] : []));
  expect(errors).toEqual([
    [1, 'AUDIO_BASE64_INVALID'],
    [2, 'AUDIO_NOT_AUDIO'],
    [3, 'INPUT_INVALID'],
    [4, 'SPEAKER_NOT_FOUND'],
    [5, 'INPUT_INVALID'],
  ]);
  expect(answers.find(({ id }) => id === 6)).toMatchObject({ speaker_id: 'slt' });
});

test('silence, refusals and what is not implemented', async () => {
  const silence = [{ id: 7, content: content(wavOf(Buffer.alloc(160_000))) }];
  const speech = [{ content: content(wavOf(pieces()[0]!)) }];
  const cases: {
    readonly chunks: Chunks;
    readonly metadata: Metadata;
    readonly method?: string;
    readonly status: string;
  }[] = [
    { chunks: silence, metadata: KEY, status: 'OK' },
    { chunks: silence, metadata: [...KEY, ['verbose', 'True']], status: 'OK' },
    { chunks: speech, metadata: [], status: 'UNAUTHENTICATED' },
    { chunks: speech, metadata: [['apikey', 'wrong']], status: 'UNAUTHENTICATED' },
    {
      chunks: speech,
      metadata: [
        ['apikey', 'globex-key'],
        ['speakerids', 'slt'],
      ],
      status: 'NOT_FOUND',
    },
    { chunks: speech, metadata: [...KEY, ['speakerids', 'a-b']], status: 'INVALID_ARGUMENT' },
    { chunks: speech, metadata: KEY, method: 'IdentifyEmotion', status: 'UNIMPLEMENTED' },
    { chunks: speech, metadata: KEY, method: 'DiarizeEmotion', status: 'UNIMPLEMENTED' },
  ];
  const told = await pythonCalls(
    stubs.folder,
    cases.map(({ status: _status, ...asked }) => ({ address: server.address, ...asked })),
  );
  expect(told.map(({ status }) => status)).toEqual(cases.map(({ status }) => status));
  const [quiet, verbose, ...refused] = told;
  expect(quiet!.answers).toEqual([]);
  expect(verbose!.answers).toMatchObject([{ id: 7, end: 5, Error: expect.stringContaining('AUDIO_NO_SPEECH') }]);
  for (const { answers } of refused) expect(answers).toEqual([]);
});

test('over TLS', async () => {
  const [certificate, privateKey] = ['cert.pem', 'key.pem'].map((name) => join(stubs.folder, name)) as [string, string];
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', privateKey, '-out', certificate],
  ]);
  const tls = { certificate: readFileSync(certificate), privateKey: readFileSync(privateKey) };
  const secure = await serveGrpc({ engine, keys, port: 0, tls });
  try {
    const chunks = [{ content: content(wavOf(pieces()[0]!)) }];
    const told = await call(chunks, KEY, { address: secure.address, certificate });
    expect(told).toMatchObject({ status: 'OK', answers: [{ speaker_id: 'slt' }] });
  } finally {
    await secure.close();
  }
  const broken = serveGrpc({ engine, keys, port: 0, tls: { ...tls, privateKey: Buffer.from('no key') } });
  const message = expect.stringContaining('certificate or key cannot be used');
  await expect(broken).rejects.toMatchObject({ code: 'CONFIG_INVALID', message });
});

test('the example client prints the turns', async () => {
  const example = fileURLToPath(new URL('../../../clients/grpc_stream.py', import.meta.url));
  const { stdout } = await promisify(execFile)(PYTHON, [example, audio.talk], {
    env: {
      ...process.env,
      PYTHONPATH: stubs.folder,
      VOICE_PRINTS_GRPC: server.address,
      VOICE_PRINTS_API_KEY: 'acme-key',
    },
  });
  const turns = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { speaker: string });
  expect(new Set(turns.map(({ speaker }) => speaker))).toEqual(new Set(['slt', 'rms', 'UserNotIdentified']));
});
