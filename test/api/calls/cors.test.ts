import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { parseOrigins } from '../../../src/api/calls/cors.js';
import { type RunningServer, serve } from '../../../src/api/serve.js';
import { listeningEngine } from '../../support/scriptedEngine.js';

const APP = 'https://app.example.org';
const keys = ApiKeys.fromPairs('acme:acme-key');
let open: RunningServer;
let closed: RunningServer;
beforeAll(async () => {
  const { engine } = listeningEngine();
  open = await serve({ engine, keys, port: 0, corsOrigins: [APP, 'http://localhost:5173'] });
  closed = await serve({ engine, keys, port: 0 });
});
afterAll(() => Promise.all([open.close(), closed.close()]));

/** As a browser asks; fetch of Node.js would not let a test say who it is. */
function ask({ url }: RunningServer, method: string, headers: Record<string, string>, path = '/v1/speakers') {
  return new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers }, (response) => {
      response.resume();
      response.once('end', () => resolve({ status: response.statusCode!, headers: response.headers }));
    });
    sent.once('error', reject).end();
  });
}

const preflight = (origin: string, method = 'DELETE') => ({
  origin,
  'access-control-request-method': method,
  'access-control-request-headers': 'authorization,content-type',
});
const leaveIn = (headers: Record<string, unknown>) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'));

test('a preflight of an allowed origin is answered without a key: its origin, our methods, the header of the key, no cookies', async () => {
  const { status, headers } = await ask(open, 'OPTIONS', preflight(APP));
  expect(status).toBe(204);
  expect(headers).toMatchObject({
    'access-control-allow-origin': APP,
    'access-control-allow-methods': expect.stringContaining('DELETE'),
    'access-control-allow-headers': expect.stringContaining('authorization'),
    'access-control-max-age': '600',
    vary: expect.stringMatching(/origin/i),
  });
  expect(headers).not.toHaveProperty('access-control-allow-credentials');
});

test('answers and refusals carry the leave; a key is needed as ever', async () => {
  const answer = await ask(open, 'GET', { origin: 'http://localhost:5173', authorization: 'Bearer acme-key' });
  expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, 'http://localhost:5173']);
  expect(answer.headers['access-control-expose-headers']).toContain('x-request-id');
  const refused = await ask(open, 'GET', { origin: APP });
  expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, APP]);
  const unknown = await ask(open, 'GET', { origin: APP }, '/nothing');
  expect([unknown.status, unknown.headers['access-control-allow-origin']]).toEqual([404, APP]);
});

test.each([
  'https://evil.example.org',
  'https://app.example.org.evil.example',
  'http://app.example.org',
  'https://app.example.org:8443',
  'null',
  '*',
])('%s gets no leave, and its preflight no answer but a refusal', async (origin) => {
  const asked = await ask(open, 'OPTIONS', preflight(origin));
  expect([asked.status, leaveIn(asked.headers)]).toEqual([401, []]);
  const answer = await ask(open, 'GET', { origin, authorization: 'Bearer acme-key' });
  expect([answer.status, leaveIn(answer.headers)]).toEqual([200, []]);
  expect(answer.headers.vary).toMatch(/origin/i); // no cache gives it another origin's
});

test('without a list no origin gets leave', async () => {
  for (const [method, headers] of [
    ['OPTIONS', preflight(APP)],
    ['GET', { origin: APP, authorization: 'Bearer acme-key' }],
  ] as const) {
    expect(leaveIn((await ask(closed, method, headers)).headers)).toEqual([]);
  }
});

describe('a list of origins', () => {
  test('is read as browsers say them', () => {
    expect(parseOrigins(' https://APP.example.org:443/ ,http://localhost:5173,, http://[::1]:80')).toEqual([
      APP,
      'http://localhost:5173',
      'http://[::1]',
    ]);
    expect(parseOrigins('')).toEqual([]);
  });

  test.each([
    '*',
    'null',
    'app.example.org',
    'https://*',
    'https://a.example/path',
    'file:///tmp',
    'https://u:p@a.example',
  ])('refuses %s', (text) => {
    expect(() => parseOrigins(`${APP},${text}`)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
