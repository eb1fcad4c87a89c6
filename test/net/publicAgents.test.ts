import { once } from 'node:events';
import type { LookupFunction } from 'node:net';
import { expect, test, vi } from 'vitest';
import { PublicHttpAgent } from '../../src/net/publicAgents.js';

const resolvesTo =
  (address: string, family: number): LookupFunction =>
  (_host, { all }, done) =>
    all ? done(null, [{ address, family }]) : done(null, address, family);

const connected = (host: string, lookup?: LookupFunction) =>
  new PublicHttpAgent().createConnection({ host, port: 9, ...(lookup && { lookup }) });

test('a public address passes the filter without a warning', async () => {
  const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const looked = vi.fn(resolvesTo('192.88.98.1', 4));
  // Ended before anything is sent.
  for (const socket of [connected('192.88.98.1'), connected('public.example', looked)]) socket.destroy();
  await vi.waitFor(() => expect(looked).toHaveBeenCalledTimes(1), { timeout: 240_000 });
  expect(warned).not.toHaveBeenCalled();
  warned.mockRestore();
});

test.each(['::7f00:1', '::a9fe:a9fe', '::808:808'])(
  '%s, an IPv4 address in its old form, is refused',
  async (address) => {
    for (const connect of [() => connected(address), () => connected('old.example', resolvesTo(address, 6))]) {
      const [error] = await once(connect(), 'error');
      expect(error.message).toContain('is not allowed');
    }
  },
);
