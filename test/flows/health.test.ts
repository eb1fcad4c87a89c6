import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { HealthCheck } from '../../src/index.js';
import { FlowRunner } from './flowRunner.js';

const require = createRequire(import.meta.url);
/** The helper's own client of Node-RED's admin routes (supertest). */
const admin = require('node-red-node-test-helper') as {
  request(): { get(path: string): Promise<{ status: number; body: HealthCheck[] }> };
};

const IDENTIFY = { id: 'identify', type: 'identify-speakers', store: 'store', wires: [[]] };

let flow: FlowRunner;
beforeEach(() => {
  flow = new FlowRunner();
});
afterEach(async () => {
  await flow[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
});

test.each(['native', 'wasm'] as const)(
  'the badge is green once the models have answered, and names the runtime: %s',
  async (runtime) => {
    vi.stubEnv('VOICE_PRINTS_RUNTIME', runtime);
    await flow.load([IDENTIFY]);
    const badges = flow.badges('identify');
    await expect.poll(() => badges.at(-1)?.text).toContain(`status.${runtime}`);
    const greens = badges.filter(({ fill }) => fill === 'green');
    expect(greens).toHaveLength(1);
    expect(badges.map(({ text }) => text?.split('.').at(-1))).toEqual(expect.arrayContaining(['models', runtime]));
  },
);

test('models that cannot answer never turn the badge green, though the store opens', async () => {
  vi.stubEnv('VOICE_PRINTS_RUNTIME', 'neither');
  await flow.load([IDENTIFY]);
  const badges = flow.badges('identify');
  await expect.poll(() => badges.at(-1)?.text).toContain('errors.CONFIG_INVALID');
  expect(badges.filter(({ fill }) => fill === 'green')).toEqual([]);
  const { body } = await admin.request().get('/voice-prints/stores/store/health');
  expect(body).toContainEqual(expect.objectContaining({ check: 'runtime', status: 'fail', code: 'CONFIG_INVALID' }));
});

test('the dialog lists what the store runs on, and what to do where something is missing', async () => {
  vi.stubEnv('VOICE_PRINTS_RUNTIME', 'wasm');
  vi.stubEnv('PATH', flow.userDir); // no GStreamer
  await flow.load([IDENTIFY]);
  const { status, body } = await admin.request().get('/voice-prints/stores/store/health');
  expect(status).toBe(200);
  expect(body.map(({ check }) => check)).toEqual([
    ...['runtime', 'models', 'threads', 'disk', 'node', 'decoders', 'gstreamer', 'jobs'],
  ]);
  expect(body.find(({ check }) => check === 'runtime')).toMatchObject({ status: 'pass' });
  expect(body.find(({ check }) => check === 'gstreamer')).toMatchObject({
    status: 'note',
    remedy: expect.stringContaining('gstreamer1.0-tools'),
  });
});
