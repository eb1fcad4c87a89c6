import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { addModel } from '../../src/engine/models/manageModels.js';
import { MODEL_CATALOGUE } from '../../src/engine/models/modelCatalogue.js';
import { modelInArchive } from '../../src/engine/models/modelInArchive.js';
import { ModelStore } from '../../src/inference/modelStore.js';
import { SpeakerEmbedder } from '../../src/inference/speakerEmbedder.js';
import { typed } from '../cli/terminal.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { waveformModel } from './protobuf.js';

const { signal } = new AbortController();
const model = waveformModel();
const sha256 = createHash('sha256').update(model).digest('hex');

let storeDirectory: string;
let folder: string;
beforeEach(async () => {
  storeDirectory = await temporaryFolder();
  folder = await temporaryFolder();
});

const add = (path: string, more: object = {}) =>
  addModel({ storeDirectory, source: { kind: 'file', path }, signal, ...more });

const kept = async (): Promise<string[]> =>
  (await readdir(join(storeDirectory, 'models')).catch(() => [])).filter(
    (name) => name.endsWith('.onnx') || name.endsWith('.part'),
  );

type Files = Readonly<Record<string, Uint8Array | string>>;

async function tarOf(files: Files, packing: 'none' | 'gzip' | 'bzip2' = 'none'): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  const path = join(folder, 'my model.tar');
  const packed = spawnSync('tar', ['-cf', path, '-C', folder, ...Object.keys(files)]);
  expect(packed.status).toBe(0);
  if (packing === 'none') return path;
  expect(spawnSync(packing, [path]).status).toBe(0);
  return `${path}.${packing === 'gzip' ? 'gz' : 'bz2'}`;
}

/** Files stored as they are, in a zip archive. `declared` lies about how long they are. */
async function zipOf(files: Files, declared?: number): Promise<string> {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(declared ?? content.length, 14);
    fields.writeUInt32LE(declared ?? content.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    locals.push(Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), content]));
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, tail, Buffer.from(name)]));
    at += locals.at(-1)!.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(central.length, 8);
  end.writeUInt16LE(central.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  const path = join(folder, 'my model.zip');
  await writeFile(path, Buffer.concat([...locals, directory, end]));
  return path;
}

describe('a model that takes the waveform', () => {
  test('is added without metadata, and embeds windows of audio as they are', async () => {
    const path = join(folder, 'wave.onnx');
    await writeFile(path, model);
    const added = await add(path);
    expect(added).toMatchObject({ dimensions: 8, frontEnd: undefined, sha256 });
    const speaker = await (await ModelStore.openFor(storeDirectory)).resolve('wave');
    const embedder = await SpeakerEmbedder.open(speaker);
    const samples = Float32Array.from({ length: 32_000 }, (_, i) => Math.cos((2 * Math.PI * 800 * i) / 16_000));
    const windows = [
      { startSample: 0, endSample: 16_000 },
      { startSample: 8_000, endSample: 32_000 },
    ];
    const [first, second] = await embedder.embed([{ samples, windows }]);
    // 800 Hz is the fourth filter: 200 Hz times its number.
    for (const embedding of [first!, second!]) expect(embedding.indexOf(Math.max(...embedding))).toBe(3);
    const short = embedder.embed([{ samples, windows: [{ startSample: 0, endSample: 300 }] }]);
    await expect(short).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
  });
});

describe('an archive', () => {
  test.each([
    { name: 'tar', packed: () => tarOf({ 'a/model.onnx': model, 'a/README': 'x' }) },
    { name: 'tar.gz', packed: () => tarOf({ 'a/model.onnx': model, 'a/model.int8.onnx': 'int8' }, 'gzip') },
    { name: 'tar.bz2', packed: () => tarOf({ 'a/model.onnx': model, 'a/model.int8.onnx': 'int8' }, 'bzip2') },
    { name: 'zip', packed: () => zipOf({ '__MACOSX/._net.onnx': 'x', 'in/net.onnx': model }) },
  ])('$name gives its model, under the name of the archive', async ({ packed }) => {
    const added = await add(await packed());
    expect(added).toMatchObject({ storedAs: 'my-model', sha256 });
    expect((await readFile(added.path)).equals(Buffer.from(model))).toBe(true);
    expect(await kept()).toHaveLength(1);
  });

  test('of several models gives the one that is named, by either checksum', async () => {
    const path = await tarOf({ 'a/one.onnx': 'one', 'a/two.onnx': model }, 'gzip');
    const message = expect.stringMatching(/a\/one\.onnx, a\/two\.onnx; say which with --member/);
    await expect(add(path)).rejects.toMatchObject({ code: 'MODEL_INVALID', message });
    const none = expect.stringMatching(/no such file/);
    await expect(add(path, { member: 'three.onnx' })).rejects.toMatchObject({ code: 'MODEL_INVALID', message: none });
    const ofArchive = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    const other = 'ab'.repeat(32);
    await expect(add(path, { member: 'two.onnx', sha256: other })).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(await kept()).toEqual([]);
    expect(await add(path, { member: 'two.onnx', sha256: ofArchive })).toMatchObject({ sha256 });
    expect(await add(path, { member: 'a/two.onnx', sha256 })).toMatchObject({ sha256 });
    expect(await kept()).toHaveLength(1);
  });

  test.each([
    { name: 'without a model', packed: () => tarOf({ 'a/README': 'x' }), reason: /no \.onnx file/ },
    {
      name: 'cut short',
      packed: async () => {
        const path = await tarOf({ 'model.onnx': model }, 'bzip2');
        await writeFile(path, (await readFile(path)).subarray(0, 600));
        return path;
      },
      reason: /damaged/,
    },
    {
      name: 'that is damaged',
      packed: async () => {
        const path = await tarOf({ 'model.onnx': model }, 'gzip');
        const bytes = await readFile(path);
        bytes.fill(7, 500, 1_000);
        await writeFile(path, bytes);
        return path;
      },
      reason: /damaged/,
    },
    { name: 'zip cut short', packed: () => zipOf({ 'm.onnx': model }, 2 * model.length), reason: /damaged/ },
    {
      name: 'of very many files',
      packed: () => tarOf(Object.fromEntries(Array.from({ length: 1_002 }, (_, i) => [`n${i}.txt`, '']))),
      reason: /more than 1000 files/,
    },
  ])('$name is MODEL_INVALID and leaves nothing behind', async ({ packed, reason }) => {
    const message = expect.stringMatching(reason);
    await expect(add(await packed())).rejects.toMatchObject({ code: 'MODEL_INVALID', message });
    expect(await kept()).toEqual([]);
  });
});

test.each([
  { name: 'the model', packed: () => zipOf({ 'm.onnx': model }) },
  { name: 'everything', packed: () => tarOf({ 'm.onnx': model, 'more.txt': 'x'.repeat(200_000) }, 'bzip2') },
])('an archive that unpacks to more than is taken, $name, is MODEL_INVALID', async ({ packed }) => {
  const unpacking = modelInArchive(await packed(), folder, { maxBytes: 12_000, signal });
  const message = expect.stringMatching(/unpacks to more/);
  await expect(unpacking).rejects.toMatchObject({ code: 'MODEL_INVALID', message });
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
});

describe('the catalogue', () => {
  test('has plain facts: names that are ids, https, a licence and a checksum each', () => {
    expect(new Set(MODEL_CATALOGUE.map(({ name }) => name)).size).toBe(MODEL_CATALOGUE.length);
    for (const one of MODEL_CATALOGUE) {
      expect(one.name).toMatch(/^[a-z0-9][a-z0-9._-]*$/);
      expect(new URL(one.address).protocol).toBe('https:');
      expect(one.licence).not.toBe('');
      if (one.sha256 !== undefined) expect(one.sha256).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  test('a name is fetched from a mirror, and refused where the file is another one', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end(model);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const env = { VOICE_PRINTS_MODEL_MIRROR: `http://${host}/mirror/`, VOICE_PRINTS_ALLOWED_HOSTS: host };
    const command = (...more: string[]) => typed(['models', 'add', ...more, '--store', storeDirectory], env);
    try {
      const refused = await command('wespeaker-campplus-lm');
      expect(refused.stderr).toMatch(/its SHA-256 is/);
      expect(asked).toEqual(['/mirror/wespeaker_en_voxceleb_CAM%2B%2B_LM.onnx']);
      expect(await kept()).toEqual([]);
      const added = await command('redimnet2-b3', '--sha256', sha256);
      expect(added.stdout).toMatch(new RegExp(`redimnet2-b3 was added .*that of this file is ${sha256}`));
      expect(added.stderr).toMatch(/licence MIT, 17\.2 MiB/);
    } finally {
      server.close();
    }
    const wrong = { kind: 'catalogue', name: 'campplus', mirror: 'ftp://x', allowHosts: [] } as const;
    await expect(addModel({ storeDirectory, source: wrong, signal })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const none = { ...wrong, name: 'nonesuch' };
    await expect(addModel({ storeDirectory, source: none, signal })).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    const listed = await typed(['models', 'list', '--catalogue', '--store', storeDirectory]);
    for (const { name, address, licence } of MODEL_CATALOGUE) {
      expect(listed.stdout).toContain(address);
      expect(listed.stdout).toMatch(new RegExp(`${name} .*${licence}`));
    }
  });
});
