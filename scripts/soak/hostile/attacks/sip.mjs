// What a caller can send to a telephone that listens: SIP over UDP and TCP, descriptions, audio packets.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DESCRIPTION, Mutations, rightMessage } from '../sipMutations.mjs';
import { Caller, openSipListener } from '../sipTarget.mjs';

export const open = openSipListener;

/** sip.js gives up on what was never acknowledged after 64 * T1. */
const GIVEN_UP_MS = 34_000;
const OPUS = DESCRIPTION.replace('96 0 8 9 13 101', '96');

const METHODS = [
  ...[
    'INVITE',
    'INVITE',
    'INVITE',
    'ACK',
    'BYE',
    'CANCEL',
    'INFO',
    'OPTIONS',
    'REGISTER',
    'REFER',
    'NOTIFY',
    'MESSAGE',
  ],
  ...['SUBSCRIBE', 'PRACK', 'UPDATE', 'PUBLISH', 'DANCE'],
];

async function withCaller(target, work) {
  const caller = await Caller.open(target.port);
  try {
    await work(caller);
  } finally {
    caller.close();
  }
}

export const attacks = {
  'descriptions that cannot be': (target) =>
    withCaller(target, async (caller) => {
      const bodies = [
        DESCRIPTION.replace('40000', '70000'),
        DESCRIPTION.replace('IP4 127.0.0.1\r\nb', 'IP4 12345\r\nb'),
        DESCRIPTION.replace('opus/48000/2', '729/8000'),
        `${DESCRIPTION}${'a=x\r\n'.repeat(1_000)}`,
      ];
      for (const body of bodies) {
        const call = await caller.invite(body);
        if (call.status === 200) await caller.ask('BYE', { ...call, cseq: 2 });
      }
      await sleep(2_000);
    }),
  'calls that are hung up before they are acknowledged, and addresses that are none': (target) =>
    withCaller(target, async (caller) => {
      for (let i = 0; i < 10; i += 1) {
        const right = rightMessage('INVITE', {
          port: caller.port,
          callId: `odd${i}`,
          branch: `odd${i}`,
          body: DESCRIPTION,
        });
        const answered = new Promise((resolve) => {
          caller.onMessage = (text) => text.startsWith('SIP/2.0 200') && resolve(text);
        });
        caller.sendBytes(i % 2 ? right : right.replace(/(Contact: <sip:raw@127\.0\.0\.1):\d+/, '$1:99999'));
        const toTag = /^To:.*;tag=([^\s;]+)/im.exec(await answered)?.[1];
        caller.sendBytes(
          rightMessage('BYE', { port: caller.port, callId: `odd${i}`, toTag, cseq: 2, branch: `bye${i}` }),
        );
      }
      await sleep(GIVEN_UP_MS);
    }),
  'Opus of 20 kB, Opus that breaks the rules, an hour of audio within a second': (target) =>
    withCaller(target, async (caller) => {
      const rtp = createSocket('udp4');
      const call = await caller.invite(OPUS);
      const head = Buffer.from([0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7]);
      for (let i = 0; i < 2_000; i += 1) {
        head.writeUInt16BE(i, 2);
        head.writeUInt32BE(i * 960, 4);
        const payload =
          i % 3 === 0 ? Buffer.alloc(20_000, i) : i % 3 === 1 ? Buffer.from([0xff, 0]) : Buffer.alloc(1_200, 0xfc);
        rtp.send(Buffer.concat([head, payload]), call.audio, '127.0.0.1');
        if (i % 50 === 0) await sleep(5);
      }
      await caller.ask('BYE', { ...call, cseq: 2 });
      rtp.close();
    }),
  'random and mutated messages, descriptions and packets': (target) =>
    withCaller(target, async (caller) => {
      const mutations = new Mutations(Date.now());
      const rtp = createSocket('udp4');
      const calls = [];
      caller.onMessage = (text) => {
        const audio = Number(/^m=audio (\d+)/m.exec(text)?.[1]);
        const toTag = /^To:.*;tag=([^\s;]+)/im.exec(text)?.[1];
        const callId = /^Call-ID: (\S*)/m.exec(text)?.[1];
        if (audio && text.startsWith('SIP/2.0 200')) calls.push({ audio, toTag, callId });
      };
      for (let i = 0; i < 20_000; i += 1) {
        const method = mutations.pick(METHODS);
        const call = calls.length > 0 && mutations.random(2) === 0 ? mutations.pick(calls) : { callId: `m${i}` };
        const body = method === 'INVITE' ? mutations.text(DESCRIPTION) : '';
        const right = rightMessage(method, { port: caller.port, branch: `m${i}`, cseq: i + 2, ...call, body });
        caller.sendBytes(mutations.random(3) === 0 ? right : mutations.text(right).slice(0, 60_000));
        for (const { audio } of calls.slice(-2)) rtp.send(mutations.rtp([96, 0, 8, 9, 101, 13], i), audio, '127.0.0.1');
        if (calls.length > 50) calls.shift();
        // Lines stay free for the honest: calls are hung up again.
        if (calls.length > 5)
          caller.sendBytes(
            rightMessage('BYE', { port: caller.port, branch: `b${i}`, cseq: 1e6 + i, ...calls.shift() }),
          );
        if (i % 20 === 0) await sleep(2);
      }
      rtp.close();
      for (const call of calls)
        caller.sendBytes(rightMessage('BYE', { port: caller.port, branch: caller.name, cseq: 2e6, ...call }));
      await sleep(5_000);
    }),
  'ten thousand calls that are refused, each of the longest messages': (target) =>
    withCaller(target, async (caller) => {
      const body = DESCRIPTION.replace('96 0 8 9 13 101', '18') + 'a=x\r\n'.repeat(300);
      for (let i = 0; i < 10_000; i += 1) {
        const right = rightMessage('INVITE', { port: caller.port, callId: `r${i}`, branch: `r${i}`, body });
        caller.sendBytes(
          right.replace('Supported:', `Record-Route: ${'<sip:a;lr>,'.repeat(350)}<sip:b>\r\nSupported:`),
        );
        if (i % 20 === 0) await sleep(5);
      }
    }),
  'connections that stay half open, drip, ask without reading': async (target) => {
    const sockets = [];
    for (let i = 0; i < 300; i += 1) {
      const socket = connect({ port: target.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
      socket.on('error', () => undefined);
      sockets.push(socket);
      if (i % 3 === 0) socket.write('OPTIONS sip:x SIP/2.0\r\n');
    }
    await Promise.race([once(sockets[0], 'connect'), sleep(5_000)]);
    const dripping = connect({ port: target.port, host: '127.0.0.1', localAddress: '127.0.0.4' });
    const deaf = connect({ port: target.port, host: '127.0.0.1', localAddress: '127.0.0.5' });
    for (const socket of [dripping, deaf]) socket.on('error', () => undefined);
    deaf.pause();
    const options = rightMessage('OPTIONS', { port: 5_060, callId: 'deaf', branch: 'deaf' }).replace('/UDP', '/TCP');
    for (let i = 0; i < 5_000; i += 1) {
      dripping.write('a');
      if (!deaf.destroyed) deaf.write(options.replaceAll('deaf', `deaf${i}`));
      if (i % 20 === 0) await sleep(1);
    }
    for (const socket of [...sockets, dripping, deaf]) socket.destroy();
  },
};
