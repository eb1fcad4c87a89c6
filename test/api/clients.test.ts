import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VoicePrints } from '../../clients/voicePrints.js';
import { type VoiceServer, voiceServer } from '../support/voiceServer.js';

/** The example clients do what they say, each with real speech. */
let server: VoiceServer;
beforeAll(async () => {
  server = await voiceServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const example = (name: string) => fileURLToPath(new URL(`../../clients/${name}`, import.meta.url));
const run = (program: string, ...args: string[]) =>
  promisify(execFile)(program, args, {
    env: { ...process.env, VOICE_PRINTS_SERVER: server.url, VOICE_PRINTS_API_KEY: 'acme-key' },
  });

test('TypeScript', async () => {
  const { audio } = server;
  const client = new VoicePrints(server.url, 'acme-key');
  expect(await client.enroll('slt', audio.as(audio.slt, 'flac'))).toMatchObject({ status: 'complete' });
  expect(await client.enroll('rms', audio.rms)).toMatchObject({ status: 'complete' });
  await client.rename('slt', 'Sally');
  expect((await client.speakers()).speakers.map(({ name }) => name)).toEqual(['rms', 'Sally']);
  const { segments } = await client.identify(audio.as(audio.talk, 'mp3'));
  const names = new Set(segments.map(({ name, cluster }) => name ?? cluster));
  expect(names).toEqual(new Set(['Sally', 'rms', 'unknown-1']));
  await client.delete('slt');
  await client.delete('rms');
  await expect(client.delete('rms')).rejects.toThrow(/^SPEAKER_NOT_FOUND: /);
  await expect(client.enroll('x', audio.little)).rejects.toThrow(/^ENROLL_REFUSED: /);
  await expect(new VoicePrints(server.url, 'wrong').speakers()).rejects.toThrow(/^KEY_INVALID: /);
});

test('Python', async () => {
  const { audio } = server;
  const python = async (...args: string[]) =>
    JSON.parse((await run('python3', example('voice_prints.py'), ...args)).stdout);
  expect(await python('enroll', 'slt', audio.as(audio.slt, 'flac'))).toMatchObject({ enrollment_complete: true });
  const { enrolled_speaker_ids: listed } = await python('speakers');
  expect(listed).toMatchObject([{ speaker_id: 'slt' }]);
  const { segments } = await python('identify', audio.as(audio.talk, 'mp3'));
  const ids = new Set(segments.map(({ speaker_id }: { speaker_id: string }) => speaker_id));
  expect(ids).toEqual(new Set(['slt', 'UserNotIdentified']));
  expect(await python('delete', 'slt')).toEqual({ message: 'Success' });
  await expect(python('enroll', 'slt', audio.little)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('400: Error in enroll: Insufficent speech content in audio'),
  });
});

test('curl', async () => {
  const { audio } = server;
  const { stdout } = await run(
    'sh',
    example('curl.sh'),
    'slt',
    audio.as(audio.slt, 'flac'),
    audio.as(audio.talk, 'mp3'),
  );
  const [enrolled, listed, identified, deleted] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(enrolled).toMatchObject({ message: 'Success', enrollment_complete: true });
  expect(listed.enrolled_speaker_ids).toHaveLength(1);
  expect(identified.segments[0]).toMatchObject({ speaker_id: 'slt', start: expect.any(Number) });
  expect(deleted).toEqual({ message: 'Success' });
});
