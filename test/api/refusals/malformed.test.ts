import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import type { FailureReport } from '../../../src/api/calls/call.js';
import { type RunningServer, serve } from '../../../src/api/serve.js';
import { createEngine } from '../../../src/engine/createEngine.js';
import type { Engine } from '../../../src/engine/engine.js';
import { brokenWire, type Malformed, malformed } from './malformed.js';

let engine: Engine;
let server: RunningServer;
const failures: FailureReport[] = [];
const storeDirectory = mkdtempSync(join(tmpdir(), 'voice-prints-malformed-'));

beforeAll(async () => {
  engine = await createEngine({ storeDirectory });
  const onFailure = (failure: FailureReport) => failures.push(failure);
  server = await serve({ engine, keys: ApiKeys.fromPairs('acme:key'), port: 0, options: { onFailure } });
});

afterAll(async () => {
  await server?.close();
  await engine?.[Symbol.asyncDispose]();
  rmSync(storeDirectory, { recursive: true, force: true });
});

/** node:http, since fetch itself would refuse to send half of these. */
function send({ method, path, headers = {}, body }: Malformed): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, method, path: path.replace('{key}', 'key'), headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode!, text }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

const isAlive = async () => (await fetch(`${server.url}/v1/speakers?apikey=key`)).status === 200;

test('there are more than two hundred of them', () => {
  expect(malformed.length + brokenWire.length).toBeGreaterThan(250);
});

test.each(malformed)('$name', async (sent) => {
  const { status, text } = await send(sent);
  expect(status).toBeGreaterThanOrEqual(200);
  expect(status).toBeLessThan(500);
  const body = JSON.parse(text);
  if (status >= 400 && sent.path.startsWith('/audio')) {
    expect(body.fault).toMatchObject({
      faultstring: expect.stringMatching(/\w/),
      detail: { errorcode: expect.any(String) },
    });
  } else if (status >= 400) {
    expect(body).toMatchObject({
      status,
      title: expect.any(String),
      detail: expect.any(String),
      code: expect.any(String),
    });
  }
});

test.each(brokenWire)('on the wire: %s', async (name, bytes) => {
  const { hostname, port } = new URL(server.url);
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes.replace('{key}', 'key'), 'latin1'));
    socket.on('data', (piece) => {
      text += piece.toString('latin1');
    });
    socket.on('error', () => {}); // the server may hang up at once; `close` follows
    socket.on('close', () => resolve(text));
  });
  expect(answer).not.toMatch(/^HTTP\/1\.1 5/);
  if (name === 'a head without end') expect(answer).toMatch(/^HTTP\/1\.1 431 .*"code":"HEAD_TOO_LARGE"/s);
  if (name === 'garbage') expect(answer).toMatch(/^HTTP\/1\.1 400 .*"code":"INPUT_INVALID"/s);
  expect(await isAlive()).toBe(true);
});

test('the server survives, no one was enrolled by accident, and there was no internal fault', async () => {
  expect(await isAlive()).toBe(true);
  expect((await engine.speakers('acme').list()).map(({ speakerId }) => speakerId)).toEqual([]);
  expect(failures).toEqual([]);
});
