import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoScene, RESIDENTS } from '../support/demoScene.js';
import { installedSize, packPackage } from '../support/packedPackage.js';
import { type Flow, NodeRedProcess, packageRoot } from './nodeRedProcess.js';

let folder: string;
let red: NodeRedProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'voice-prints-upload-'));
  red = await NodeRedProcess.start({ isEmpty: true });
});
afterAll(async () => {
  await red?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** The flow of `npm start`, on other files. */
function demoFlow(store: string, recording: string): Flow {
  const flow = JSON.parse(readFileSync(join(packageRoot, 'scripts/demo/flow.json'), 'utf8')) as Flow;
  return flow.map((node) => {
    if (node.type === 'speaker-store') return { ...node, folder: store };
    return node.type === 'audio-source' && node.isStarting ? { ...node, file: recording } : node;
  });
}

test('the package uploaded in the editor of an empty Node-RED names the demo at the first deploy', {
  timeout: 900_000,
}, async () => {
  const tarball = await packPackage(folder);
  const form = new FormData();
  form.set('tarball', new Blob([readFileSync(tarball)], { type: 'application/x-compressed-tar' }), basename(tarball));
  const answer = await fetch(`${red.url}/nodes`, { method: 'POST', body: form });
  const uploaded = (await answer.json()) as {
    readonly nodes: readonly { readonly enabled: boolean; readonly err?: string }[];
  };
  expect([answer.status, uploaded]).toEqual([200, expect.objectContaining({ name: '@voice-prints/node-red' })]);
  expect(uploaded.nodes.filter(({ enabled, err }) => !enabled || err)).toEqual([]);
  expect(installedSize(red.userDir).packages).not.toContain('onnxruntime-node');

  const { samples, conversation } = await demoScene(join(folder, 'demo'));
  const store = join(folder, 'store');
  const voicePrints = join(red.userDir, 'node_modules/@voice-prints/node-red/dist/src/cli/main.js');
  for (const id of RESIDENTS) {
    const args = [voicePrints, 'enroll', id, ...samples[id], '--consent', 'synthetic'];
    await promisify(execFile)(process.execPath, args, { env: { ...process.env, VOICE_PRINTS_HOME: store } });
  }
  await red.deploy(demoFlow(store, conversation));
  const from = red.lines.findIndex((line) => line.includes('Installed module'));
  await red.line(/\[debug:Who speaks\]/, from, 300_000);
  for (const id of RESIDENTS) await red.line(new RegExp(id, 'i'), from);
  expect(red.lines.slice(from).filter((line) => /\[error\]|npm warn/i.test(line))).toEqual([]);
});
