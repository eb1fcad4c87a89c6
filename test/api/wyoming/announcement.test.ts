import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { WyomingAnnouncement } from '../../../src/api/wyoming/announcement.js';
import { Peer } from '../../peers/peer.js';
import { PYTHON } from '../../peers/rtspServer.js';

/** With the library by which Home Assistant looks for services, on loopback only. */
const BROWSER = fileURLToPath(new URL('../../peers/zeroconfBrowser.py', import.meta.url));
const python = [PYTHON, 'python3'].find((program) => spawnSync(program, ['-c', 'import zeroconf']).status === 0);

const announced = (port: number) =>
  new WyomingAnnouncement({
    ...{ host: '127.0.0.1', port, networkAddress: '127.0.0.1' },
    onFailure: (error) => {
      throw error;
    },
  });

test.skipIf(!python)('a browser of services finds the server, and sees it leave', async () => {
  await using browser = await Peer.start(python!, [BROWSER], /ready/);
  await using first = announced(10_301);
  await browser.says(/added voice-prints \S+ 10301 10301 127\.0\.0\.1/);
  // One that looks later asks for it; rubbish on the port is passed over.
  const socket = createSocket('udp4');
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(12, 0xff), Buffer.from('00000001'.repeat(20), 'hex')])
    await new Promise((resolve) => socket.send(bytes, 5_353, '127.0.0.1', resolve));
  socket.close();
  await using late = await Peer.start(python!, [BROWSER], /ready/);
  await late.says(/added voice-prints \S+ 10301 10301/);
  await using second = announced(10_302);
  await late.says(/added voice-prints \S+ 10302 10302/);
  await first[Symbol.asyncDispose]();
  await late.says(/removed voice-prints \S+ 10301/);
  await second[Symbol.asyncDispose]();
  await late.says(/removed voice-prints \S+ 10302/);
  expect(browser.pid).toBeGreaterThan(0);
});
