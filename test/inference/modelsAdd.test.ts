import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { open, readFile as read, readdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addModel, removeModel, useModel } from '../../src/engine/models/manageModels.js';
import { ModelStore } from '../../src/inference/modelStore.js';
import { started } from '../cli/program.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { bytesField, loopingModel, onnxFile } from './protobuf.js';

/** A real network that can be run: the one in the package stands for somebody else's. */
const { id: builtIn, path: shippedPath, dimensions } = await (await ModelStore.open()).resolve();
const shipped = await read(shippedPath);
const sha256 = createHash('sha256').update(shipped).digest('hex');
const { signal } = new AbortController();

let storeDirectory: string;
const servers: Server[] = [];
beforeEach(async () => {
  storeDirectory = await temporaryFolder();
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

const add = (path: string, more: object = {}) =>
  addModel({ storeDirectory, source: { kind: 'file', path }, signal, ...more });

async function addBytes(bytes: Uint8Array | string, more: object = {}) {
  const path = join(storeDirectory, 'given.onnx');
  await writeFile(path, bytes);
  return add(path, more);
}

async function origin(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What lies in the folder of added models, besides the index. */
async function kept(): Promise<string[]> {
  const folder = join(storeDirectory, 'models');
  if (!existsSync(folder)) return [];
  return (await readdir(folder)).filter((name) => name !== 'index.json');
}

/** Processes that this one has started and that still run. */
const children = (pid: number | 'self' = 'self'): string[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );

describe('a third-party model', () => {
  test('is added by file, used by default, and removed when another one is in use', async () => {
    const model = await add(shippedPath, { id: 'mine', sha256: sha256.toUpperCase() });
    expect(model).toMatchObject({ storedAs: 'mine', isBuiltIn: false, dimensions, sha256 });
    expect(model.id).toBe(`mine@${sha256.slice(0, 12)}`);
    expect(shipped.equals(await read(model.path))).toBe(true);
    expect(await kept()).toHaveLength(1);

    expect((await useModel(storeDirectory, 'mine')).id).toBe(model.id);
    expect((await (await ModelStore.openFor(storeDirectory)).resolve()).id).toBe(model.id);
    await expect(removeModel(storeDirectory, 'mine')).rejects.toMatchObject({ code: 'MODEL_IN_USE' });

    await useModel(storeDirectory, builtIn);
    await removeModel(storeDirectory, model.id); // the long id is as good as the short one
    expect(await kept()).toEqual([]);
    await expect(useModel(storeDirectory, 'mine')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });

  test('has the id of its file until --id gives another; twice is once', async () => {
    const first = await addBytes(shipped);
    expect(first.storedAs).toBe('given');
    expect((await addBytes(shipped)).id).toBe(first.id);
    const models = await (await ModelStore.openFor(storeDirectory)).list();
    expect(models.filter(({ isBuiltIn }) => !isBuiltIn)).toHaveLength(1);
    await expect(add(shippedPath, { id: 'other' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  test('keeps its vectors to itself: another file under its id is refused, and changed bytes are noticed', async () => {
    const { path } = await add(shippedPath, { id: 'mine' });
    const other = Uint8Array.from([...shipped, ...bytesField(14, [...bytesField(1, 'k'), ...bytesField(2, 'v')])]);
    await expect(addBytes(other, { id: 'mine' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await writeFile(path, other);
    await expect((await ModelStore.openFor(storeDirectory)).resolve('mine')).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
    await add(shippedPath, { id: 'mine' }); // adding it again mends it
    expect((await (await ModelStore.openFor(storeDirectory)).resolve('mine')).sha256).toBe(sha256);
  });

  test('two at once are both there', async () => {
    const other = Uint8Array.from([...shipped, ...bytesField(14, [...bytesField(1, 'k'), ...bytesField(2, 'v')])]);
    const path = join(storeDirectory, 'other.onnx');
    await writeFile(path, other);
    await Promise.all([add(shippedPath, { id: 'one' }), add(path, { id: 'two' })]);
    const models = await (await ModelStore.openFor(storeDirectory)).list();
    expect(models.flatMap(({ storedAs }) => storedAs ?? []).sort()).toEqual(['one', 'two']);
  });
});

const speaker = { framework: 'wespeaker', output_dim: '192', sample_rate: '16000' };

describe('what is refused, with the reason, and leaves nothing behind', () => {
  test.each([
    { name: 'text', bytes: 'Dear Sir or Madam', reason: /not an ONNX model/ },
    { name: 'nothing', bytes: '', reason: /not an ONNX model/ },
    { name: 'a model cut short', bytes: shipped.subarray(0, 1_000_000), reason: /not an ONNX model/ },
    { name: 'no metadata', bytes: onnxFile(), reason: /names no framework/ },
    {
      name: 'an unknown framework',
      bytes: onnxFile({ properties: { ...speaker, framework: 'x-vector' } }),
      reason: /"x-vector"/,
    },
    {
      name: 'NeMo',
      bytes: onnxFile({ properties: { ...speaker, framework: 'nemo' } }),
      reason: /NeMo .* not supported yet/,
    },
    {
      name: 'another rate',
      bytes: onnxFile({ properties: { ...speaker, sample_rate: '8000' } }),
      reason: /sample_rate "8000"/,
    },
    {
      name: 'an input of four axes',
      bytes: onnxFile({ properties: speaker, input: [0, 1, 72, 0] }),
      reason: /input has 4 axes/,
    },
    {
      name: 'a fixed number of samples',
      bytes: onnxFile({ properties: speaker, input: [0, 96_000] }),
      reason: /samples in its input is fixed/,
    },
    {
      name: 'an input of 16 bands',
      bytes: onnxFile({ properties: speaker, input: [0, 0, 16] }),
      reason: /16 mel bands, not 24 to 128/,
    },
    {
      name: 'a fixed number of frames',
      bytes: onnxFile({ properties: speaker, input: [0, 200, 80] }),
      reason: /fixed/,
    },
    {
      name: 'an output of three axes',
      bytes: onnxFile({ properties: speaker, output: [0, 0, 192] }),
      reason: /output has 3 axes/,
    },
    {
      name: 'two sizes',
      bytes: onnxFile({ properties: speaker, output: [0, 256] }),
      reason: /output has 256 dimensions/,
    },
    {
      name: 'an operator set too new',
      bytes: onnxFile({ properties: speaker, opset: 99 }),
      reason: /operator set is 99/,
    },
    {
      name: 'an operator set too old',
      bytes: onnxFile({ properties: speaker, opset: 3 }),
      reason: /operator set is 3/,
    },
    {
      name: 'weights in another file',
      bytes: onnxFile({ properties: speaker, isExternal: true }),
      reason: /weights are in another file/,
    },
    { name: 'a network that cannot run', bytes: onnxFile({ properties: speaker }), reason: /cannot load/ },
    { name: 'another checksum', bytes: shipped, more: { sha256: 'ab'.repeat(32) }, reason: new RegExp(sha256) },
  ] as { name: string; bytes: Uint8Array | string; more?: object; reason: RegExp }[])(
    '$name is MODEL_INVALID',
    async ({ bytes, more, reason }) => {
      const message = expect.stringMatching(reason);
      await expect(addBytes(bytes, more)).rejects.toMatchObject({ code: 'MODEL_INVALID', message });
      expect(await kept()).toEqual([]);
    },
  );

  test('a network that never ends is terminated', async () => {
    const message = expect.stringContaining('had not ended after 3 seconds');
    const adding = addBytes(loopingModel(), { maxTrialMs: 3_000 });
    await expect(adding).rejects.toMatchObject({ code: 'MODEL_INVALID', message });
    expect(await kept()).toEqual([]);
    const stopping = new AbortController();
    const before = children().length; // the last one is gone, not only given up
    const waiting = addBytes(loopingModel(), { signal: stopping.signal });
    const stopped = expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    await expect.poll(() => children().length).toBe(before + 1);
    stopping.abort();
    await stopped;
    expect(children()).toHaveLength(before);
    expect(await kept()).toEqual([]);
  });

  test('the process of a trial does not outlive the process that was killed in the middle of it', async () => {
    const path = join(storeDirectory, 'looping.onnx');
    await writeFile(path, loopingModel());
    const parent = started(['models', 'add', path, '--store', storeDirectory], {});
    const trials = () => children(parent.pid!);
    await expect.poll(trials).toHaveLength(1);
    const [trial] = trials();
    // Ticks of processor time: more than starting takes, so that the network runs.
    const ticks = () => Number(readFileSync(`/proc/${trial}/stat`, 'utf8').split(' ')[13]);
    await expect.poll(ticks).toBeGreaterThan(200);
    parent.kill('SIGKILL');
    await expect.poll(() => existsSync(`/proc/${trial}`)).toBe(false);
  });

  test('a file of more than 512 MiB is MODEL_INVALID without being read', async () => {
    const path = join(storeDirectory, 'large.onnx');
    const file = await open(path, 'w');
    await file.truncate(512 * 2 ** 20 + 1);
    await file.close();
    await expect(add(path)).rejects.toMatchObject({ code: 'MODEL_INVALID', message: expect.stringMatching(/512 MiB/) });
    expect(await kept()).toEqual([]);
  });

  test.each([
    { name: 'a file that is not there', path: 'none.onnx', more: {}, code: 'FILE_NOT_FOUND' },
    { name: 'a folder', path: '.', more: { id: 'folder' }, code: 'FILE_UNREADABLE' },
    { name: 'an id of other letters', path: shippedPath, more: { id: '../up' }, code: 'INPUT_INVALID' },
    { name: 'the id of a built-in model', path: shippedPath, more: { id: builtIn }, code: 'INPUT_INVALID' },
    { name: 'a checksum of other letters', path: shippedPath, more: { sha256: 'abc' }, code: 'INPUT_INVALID' },
  ])('$name is $code', async ({ path, more, code }) => {
    await expect(add(path, more)).rejects.toMatchObject({ code });
    expect(await kept()).toEqual([]);
  });

  test('a built-in model is not removed, and a path is not used before it was added', async () => {
    await expect(removeModel(storeDirectory, builtIn)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(removeModel(storeDirectory, 'nonesuch')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await expect(useModel(storeDirectory, shippedPath)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  test.each([
    { name: 'damaged', text: '{"version":1', code: 'MODEL_INVALID' },
    {
      name: 'pointing elsewhere',
      text: '{"version":1,"inUse":null,"models":[{"id":"x","file":"../../x.onnx"}]}',
      code: 'MODEL_INVALID',
    },
    { name: 'of a newer release', text: '{"version":3}', code: 'REGISTRY_VERSION_NEWER' },
  ])('an index that is $name is $code, and is not written over', async ({ text, code }) => {
    await add(shippedPath, { id: 'mine' });
    const path = join(storeDirectory, 'models', 'index.json');
    await writeFile(path, text);
    await expect(useModel(storeDirectory, builtIn)).rejects.toMatchObject({ code });
    expect(await read(path, 'utf8')).toBe(text);
  });
});

describe('by URL', () => {
  const addUrl = (url: string, allowHosts: readonly string[] = [], more: object = {}) =>
    addModel({ storeDirectory, source: { kind: 'url', url, allowHosts }, signal, ...more });

  test('from an allowed host; of the URL, neither query nor credentials are kept', async () => {
    const host = await origin((_request, response) => response.end(shipped));
    const received: number[] = [];
    const onBytes = (bytes: number) => received.push(bytes);
    const model = await addUrl(`http://me:secret@${host}/far/My%20Model.onnx?key=secret`, [host], { onBytes, sha256 });
    expect(model).toMatchObject({ storedAs: 'my-20model', sha256 });
    expect(received.at(-1)).toBe(shipped.length);
    const index = await read(join(storeDirectory, 'models', 'index.json'), 'utf8');
    expect(index).toContain(`http://${host}/far/My%20Model.onnx`);
    expect(index).not.toContain('secret');
  });

  test.each([
    { name: 'a private address', listener: undefined, allowed: false, code: 'URL_FORBIDDEN' },
    {
      name: 'a missing file',
      listener: (_: unknown, r) => r.writeHead(404).end(),
      allowed: true,
      code: 'URL_UNREACHABLE',
    },
    { name: 'a web page', listener: (_: unknown, r) => r.end('<html>'), allowed: true, code: 'MODEL_INVALID' },
    {
      name: 'more than is taken',
      listener: (_: unknown, r) => {
        r.writeHead(200, { 'content-length': 2 ** 40 });
        r.write('x');
      },
      allowed: true,
      code: 'URL_TOO_LARGE',
    },
    {
      name: 'a download cut short',
      listener: (_: unknown, r) => {
        r.writeHead(200, { 'content-length': shipped.length });
        r.write(shipped.subarray(0, 100_000), () => r.destroy());
      },
      allowed: true,
      code: 'URL_UNREACHABLE',
    },
  ] satisfies { name: string; listener: RequestListener | undefined; allowed: boolean; code: string }[])(
    '$name is $code and leaves nothing behind',
    async ({ listener, allowed, code }) => {
      const host = await origin(listener ?? ((_request, response) => response.end(shipped)));
      await expect(addUrl(`http://${host}/model.onnx`, allowed ? [host] : [])).rejects.toMatchObject({ code });
      expect(await kept()).toEqual([]);
    },
  );

  test('stopped in the middle, nothing is left', async () => {
    const controller = new AbortController();
    const host = await origin((_request, response) => {
      response.write(shipped.subarray(0, 1000));
      setTimeout(() => controller.abort(), 100);
    });
    await expect(addUrl(`http://${host}/m.onnx`, [host], { signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(await kept()).toEqual([]);
  });
});
