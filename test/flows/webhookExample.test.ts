import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newSecret, webhookHeaders } from '../../src/jobs/webhooks/webhookSignature.js';
import { type AsyncServer, asyncServer } from '../support/asyncServer.js';
import { scriptedEngine } from '../support/scriptedEngine.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { until } from '../support/until.js';
import { type Flow, NodeRedProcess, packageRoot } from './nodeRedProcess.js';

/** Example 14 in a real Node-RED, with messages of a real sender and of others. */
const folder = join(packageRoot, 'examples');
const name = readdirSync(folder).find((file) => file.startsWith('14'))!;
const example = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Flow;
/** What comes through is seen in the log. */
const flow = example.map((node) => (node.type === 'debug' ? { ...node, console: true } : node));
const SECRET = 'VOICE_PRINTS_WEBHOOK_SECRET';

let red: NodeRedProcess;
let server: AsyncServer;
let secret: string;
beforeAll(async () => {
  const HEARD = { durationSeconds: 3, model: 'scripted', segments: [], warnings: [] };
  const directory = { list: async () => [] };
  const engine = scriptedEngine({ identify: async () => HEARD, directory, storeDirectory: await temporaryFolder() });
  server = await asyncServer(engine, { allowHosts: ['127.0.0.1'] });
  secret = await server.jobs.rotateSecret('acme');
  red = await NodeRedProcess.start({ env: { [SECRET]: secret } });
  await red.deploy(flow);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await red?.[Symbol.asyncDispose]();
});

const PAYLOAD = JSON.stringify({ request_id: 'ü 1', response: { segments: [], duration: 1.5 } });

interface Sent {
  readonly secrets?: readonly string[];
  readonly atMs?: number;
  /** After it was signed. */
  readonly changed?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function sent({ secrets = [secret], atMs = Date.now(), changed = {}, body = PAYLOAD }: Sent): Promise<number> {
  const headers = { ...webhookHeaders('msg_1', PAYLOAD, { secrets, atMs }), ...changed };
  const all = { 'content-type': 'application/json', ...headers };
  return (await fetch(`${red.url}/speaker-jobs`, { method: 'POST', headers: all, body })).status;
}

test('the outcome of a job of ours arrives, signed', async () => {
  const content = Buffer.from('sound').toString('base64');
  const from = red.lines.length;
  await server.call('POST', '/v1/jobs', { requestId: 'a', content, webhook: `${red.url}/speaker-jobs` });
  const { body } = await until(
    () => server.call('GET', '/v1/jobs/a'),
    (answer) => !['waiting', undefined].includes(answer.body.webhook?.status) || answer.body.webhook?.tries > 0,
  );
  expect(body.webhook).toMatchObject({ status: 'delivered', tries: 1 });
  await red.line(/request_id: 'a'/, from);
});

test.each<{ name: string; sent: () => Sent }>([
  { name: 'signed', sent: () => ({}) },
  { name: 'signed with the old secret too', sent: () => ({ secrets: [newSecret(), secret] }) },
  { name: 'four minutes old', sent: () => ({ atMs: Date.now() - 240_000 }) },
])('comes in: $name', async ({ sent: message }) => {
  const from = red.lines.length;
  expect(await sent(message())).toBe(204);
  await red.line(/request_id: 'ü 1'/, from);
});

test.each<{ name: string; sent: () => Sent }>([
  { name: 'not signed', sent: () => ({ secrets: [] }) },
  { name: 'signed with another secret', sent: () => ({ secrets: [newSecret()] }) },
  { name: 'six minutes old', sent: () => ({ atMs: Date.now() - 360_000 }) },
  { name: 'from the future', sent: () => ({ atMs: Date.now() + 360_000 }) },
  { name: 'without a time', sent: () => ({ changed: { 'webhook-timestamp': '' } }) },
  {
    name: 'with another time',
    sent: () => ({ changed: { 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 9) } }),
  },
  { name: 'with another id', sent: () => ({ changed: { 'webhook-id': 'msg_2' } }) },
  { name: 'with another body', sent: () => ({ body: PAYLOAD.replace('1.5', '2.5') }) },
  { name: 'no JSON', sent: () => ({ body: '{' }) },
  { name: 'with half a signature', sent: () => ({ changed: { 'webhook-signature': 'v1,AAAA' } }) },
])('is answered 401 and goes no further: $name', async ({ sent: message }) => {
  const from = red.lines.length;
  expect(await sent(message())).toBe(401);
  expect(red.lines.slice(from).join('\n')).not.toMatch(/request_id|error/i);
});

test('while no secret is set nothing comes in, not even what is signed with an empty one', async () => {
  const noSecret = { env: [{ name: SECRET, value: '', type: 'str' }] };
  await red.deploy(flow.map((node) => (node.type === 'tab' ? { ...node, ...noSecret } : node)));
  expect(await sent({})).toBe(401);
  const time = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', '').update(`msg_1.${time}.${PAYLOAD}`).digest('base64');
  const changed = { 'webhook-timestamp': time, 'webhook-signature': `v1,${signature}` };
  expect(await sent({ changed })).toBe(401);
});
