import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../../scripts/setup/freePort.mjs';
import { isSized } from '../../../src/audio/sip/signalling/sipMessage.js';
import { SipStreams } from '../../../src/audio/sip/signalling/sipStreams.js';
import { StreamMessages } from '../../../src/audio/sip/signalling/streamMessages.js';
import { TimeShares } from '../../../src/audio/sip/signalling/timeShares.js';
import { until } from '../../support/until.js';

const options = (body = '') =>
  `OPTIONS sip:x SIP/2.0\r\nCall-ID: é\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe('messages of a stream', () => {
  const stream = Buffer.from(`\r\n\r\n${options('first')}${options()}\r\n${options('l: 9\r\n\r\n')}`);
  test.each([1, 2, 7, 1_000])('come out whole however it is cut: by %i', (bytes) => {
    const messages = new StreamMessages();
    const whole: string[] = [];
    for (let at = 0; at < stream.length; at += bytes)
      whole.push(...messages.push(stream.subarray(at, at + bytes))!.map(String));
    expect(whole).toEqual(['\r\n', '\r\n', options('first'), options(), '\r\n', options('l: 9\r\n\r\n')]);
    expect(messages.isHolding).toBe(false);
  });

  test.each([
    { name: 'a head without an end', bytes: 'A'.repeat(70_000) },
    { name: 'a body of a megabyte', bytes: 'A: b\r\nContent-Length: 999999\r\n\r\n' },
  ])('$name is no SIP', ({ bytes }) => {
    expect(new StreamMessages().push(Buffer.from(bytes))).toBeUndefined();
  });
});

describe('connections', () => {
  const open: Socket[] = [];
  let streams: SipStreams;
  let port: number;
  const received: string[] = [];
  const start = async () => {
    received.length = 0;
    streams = new SipStreams({ onMessage: (message) => received.push(`${message}`) });
    port = await freePort();
    await streams.listen('127.0.0.1', port);
  };
  const join = (localAddress = '127.0.0.1') => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    socket.on('error', () => undefined);
    open.push(socket);
    return socket;
  };
  afterEach(async () => {
    vi.useRealTimers();
    for (const socket of open.splice(0)) socket.destroy();
    await streams.close();
  });

  test('one address has its share of them, and others get in', async () => {
    await start();
    const many = Array.from({ length: 60 }, () => join());
    await until(() => many.filter(({ destroyed, readableEnded }) => destroyed || readableEnded).length >= 10);
    join('127.0.0.2').write(options());
    await until(() => received.length > 0);
    expect(many.filter(({ destroyed, readableEnded }) => !destroyed && !readableEnded)).toHaveLength(50);
  });

  test.each([
    { name: 'nothing ever comes', first: '' },
    { name: 'a message is left half', first: `${options()}OPTIONS sip:x` },
  ])('one on which $name is closed after a while; one that speaks stays', async ({ first }) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await start();
    const [silent, honest] = [join(), join()];
    let hasEnded = false;
    silent.resume().once('close', () => {
      hasEnded = true;
    });
    /** Sockets go on, timers do not. */
    const turns = async (isDone: () => boolean) => {
      for (let i = 0; i < 2_000 && !isDone(); i += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    honest.write(options());
    if (first) silent.write(first);
    await turns(() => received.length === (first ? 2 : 1));
    vi.advanceTimersByTime(30_000);
    await turns(() => hasEnded);
    expect(hasEnded).toBe(false);
    vi.advanceTimersByTime(5_000);
    await turns(() => hasEnded);
    expect(hasEnded).toBe(true);
    expect(honest.destroyed).toBe(false);
  });

  test('a peer that does not read what it is sent is cut off', async () => {
    await start();
    const deaf = join();
    deaf.write(options());
    deaf.pause();
    await until(() => received.length > 0);
    const peer = { host: '127.0.0.1', port: deaf.localPort! };
    const answer = 'x'.repeat(65_536);
    let sent = 0;
    let isCut = false;
    while (!isCut && sent < 1_000) {
      sent += 1;
      void streams
        .connectionTo(peer)
        .then((socket) => streams.write(socket, answer))
        .catch(() => {
          isCut = true;
        });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(isCut).toBe(true);
  });
});

describe('what one address may cost', () => {
  test('a fifth of the time, after a burst; another address has its own', () => {
    let nowMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const shares = new TimeShares();
    /** How often an address gets 100 ms of ours before it has to wait. */
    const burst = (address: string) => {
      for (let times = 0; ; times += 1) {
        if (shares.isSpent(address)) return times;
        shares.run(address, () => {
          nowMs += 100;
        });
      }
    };
    expect(burst('127.0.0.2')).toBe(25); // 2 s saved, and a fifth of the 2.5 s that they took
    expect(shares.isSpent('127.0.0.3')).toBe(false);
    nowMs += 1_000;
    expect(burst('127.0.0.2')).toBe(3);
    vi.restoreAllMocks();
  });

  test.each([
    { name: 'a usual one', message: options('v=0'), is: true },
    { name: 'a long body', message: options('a'.repeat(12_000)), is: true },
    { name: 'too long a body', message: options('a'.repeat(17_000)), is: false },
    { name: 'too long a line', message: options().replace('é', 'a'.repeat(5_000)), is: false },
    { name: 'too many lines', message: options().replace('é', `a\r\n${'X: y\r\n'.repeat(200)}Y: `), is: false },
    { name: 'a head without an end', message: 'INVITE '.repeat(2_000), is: false },
  ])('$name: $is', ({ message, is }) => {
    expect(isSized(message)).toBe(is);
  });
});
