import { afterEach, expect, test } from 'vitest';
import { AsyncJobs } from '../../../src/api/asyncJobs.js';
import { webhookReceiver } from '../../jobs/webhookReceiver.js';
import { type AsyncServer, asyncServer } from '../../support/asyncServer.js';
import { scriptedEngine } from '../../support/scriptedEngine.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { until } from '../../support/until.js';
import { typed } from '../terminal.js';

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

const engineIn = (storeDirectory: string) =>
  scriptedEngine({
    storeDirectory,
    directory: { list: async () => [] },
    identify: async () => ({ durationSeconds: 1, model: 'scripted', segments: [], warnings: [] }),
  });

/** A server with one job of the tenant acme whose webhook nobody took. */
async function withDeadLetter(folder: string, tenantOf: 'acme-key') {
  const receiver = { isDown: true };
  const hooks = await webhookReceiver((_received, response) => {
    response.statusCode = receiver.isDown ? 503 : 200;
    response.end();
  });
  opened.push(hooks);
  const server = await asyncServer(engineIn(folder), { allowHosts: [hooks.host], settings: { webhookRetryMs: 1 } });
  opened.push(server);
  const body = { requestId: 'a', content: 'YQ==', webhook: `${hooks.url}/hook` };
  await server.call('POST', '/v1/jobs', body, tenantOf);
  await until(async () => (await deadLetters(server)).length === 1);
  return { receiver, hooks, server };
}

const deadLetters = async (server: AsyncServer): Promise<readonly { readonly webhookId: string }[]> =>
  (await server.call('GET', '/v1/webhooks/dead-letters')).body.deadLetters;

test('undelivered webhooks are listed and sent again, through the server and in the store; the secret is shown', async () => {
  const folder = await temporaryFolder();
  const { receiver, hooks, server } = await withDeadLetter(folder, 'acme-key');
  const [letter] = await deadLetters(server);
  const remote = ['--server', `${server.url}/`];
  const env = { VOICE_PRINTS_API_KEY: 'acme-key', VOICE_PRINTS_ALLOWED_HOSTS: hooks.host };

  const locked = await typed(['webhooks', 'list', '--store', folder]);
  expect([locked.exitCode, locked.stderr]).toEqual([1, expect.stringMatching(/^JOBS_LOCKED: .*--server/)]);
  const listed = await typed(['webhooks', 'list', ...remote, '--json'], env);
  expect(JSON.parse(listed.stdout)).toMatchObject([{ ...letter, requestId: 'a', address: `${hooks.url}/hook` }]);
  const wrong = await typed(['webhooks', 'list', ...remote], { VOICE_PRINTS_API_KEY: 'other' });
  expect([wrong.exitCode, wrong.stderr.split('\n')]).toEqual([1, [expect.stringContaining('Invalid ApiKey'), '']]);
  const made = await typed(['webhooks', 'secret', ...remote], env);
  expect(made.stdout).toMatch(/^whsec_\S+\n$/);

  await opened.pop()![Symbol.asyncDispose](); // no server any more: the store itself
  const text = await typed(['webhooks', 'list', '--store', folder, '--tenant', 'acme']);
  expect(text.stderr).toBe('');
  expect(text.stdout).toContain(letter!.webhookId);
  expect((await typed(['webhooks', 'list', '--store', folder])).stdout).toBe('There is no undelivered webhook.\n');
  const before = hooks.received.length;
  const resent = await typed(['webhooks', 'resend', 'all', '--store', folder, '--tenant', 'acme', '--json']);
  expect(JSON.parse(resent.stdout)).toEqual({ resent: [letter!.webhookId] });
  expect(hooks.received).toHaveLength(before); // only marked
  const none = await typed(['webhooks', 'resend', 'msg_a', 'msg_b', '--store', folder, '--tenant', 'acme', '--json']);
  expect([none.exitCode, none.stderr]).toEqual([
    1,
    expect.stringMatching(/^WEBHOOK_NOT_FOUND: 2 of 2 .*msg_a: .*msg_b: /),
  ]);
  expect(JSON.parse(none.stdout)).toMatchObject({ resent: [], error: { code: 'WEBHOOK_NOT_FOUND' } });
  const waiting = await typed(['webhooks', 'list', '--store', folder, '--tenant', 'acme']);
  expect(waiting.stdout).toBe('There is no undelivered webhook.\n1 more is still being sent.\n');
  receiver.isDown = false;
  const jobs = new AsyncJobs({ engine: engineIn(folder), allowHosts: [hooks.host] });
  opened.push(jobs);
  await jobs.open();
  await until(() => hooks.received.length === before + 1);
  expect(hooks.received.at(-1)!.headers['webhook-id']).toBe(letter!.webhookId);
});
