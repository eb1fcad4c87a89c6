import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { freePort } from '../../scripts/setup/freePort.mjs';
import { Baresip } from '../peers/sip/baresip.js';
import { playedSpeech } from '../peers/sip/playedSpeech.js';
import { answerTo, OFFER, RawSip } from '../peers/sip/rawSip.js';
import type { Message } from './flowRunner.js';
import { failures, VoiceFlow } from './voiceFlow.js';

const on = VoiceFlow.use();

const source = { id: 'source', type: 'audio-source', outputs: 2, wires: [['out'], ['state']] };
const nodes = [{ id: 'out', type: 'helper' }, { id: 'state', type: 'helper' }, ...failures];

const pcmOf = (messages: readonly Message[]) => Buffer.concat(messages.map(({ payload }) => payload as Buffer));
const about = (message: Message | undefined) => message?.audio as Record<string, unknown> | undefined;
const statuses = (messages: readonly Message[]) =>
  messages.map(({ payload }) => (payload as { status?: string }).status).filter(Boolean);

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** A device at an address of this machine; `send` is 64 ms of samples. */
async function satellite(address: string, port: number) {
  const socket = createSocket('udp4').bind(0, address);
  await once(socket, 'listening');
  return { send: () => socket.send(Buffer.alloc(2_048, 1), port, '127.0.0.1'), close: () => socket.close() };
}

describe('audio-source, live', () => {
  test('a file plays at its own pace, whole and in order, and says how it is', async () => {
    await on.flow.load([
      { ...source, mode: 'liveFile', file: on.audio.little, isAutostart: true, startDelayMs: '1', site: 'hall' },
      ...nodes,
    ]);
    const [out, state] = ['out', 'state'].map((id) => on.flow.collect(id));
    const badges = on.flow.badges('source');
    await expect.poll(() => about(out!.at(-1))?.isEnd).toBe(true);
    expect(pcmOf(out!)).toEqual(readFileSync(on.audio.little).subarray(44));
    let next = 0;
    for (const message of out!.slice(0, -1)) {
      expect(about(message)).toMatchObject({ encoding: 's16le', sampleRateHz: 16_000, channels: 1, startSample: next });
      expect(about(message)).toMatchObject({ streamId: 'source', site: 'hall' });
      next += (message.payload as Buffer).length / 2;
    }
    expect(out!.length).toBeGreaterThan(9);
    expect(statuses(state!)).toEqual(['connecting', 'open', 'ended']);
    expect(badges.map(({ text }) => text)).toContain('audio-source.status.open');
  });

  test('it starts, stops and starts again by messages, and the flow ends while it plays', async () => {
    await on.flow.load([{ ...source, mode: 'liveFile', file: on.audio.long, isAutostart: false }, ...nodes]);
    const [out, state] = ['out', 'state'].map((id) => on.flow.collect(id));
    const heard = () => out!.filter((message) => (message.payload as Buffer).length > 0).length;
    on.flow.node('source').receive({ payload: 'start' });
    await expect.poll(heard).toBeGreaterThan(1);
    on.flow.node('source').receive({ payload: { action: 'stop' } });
    await expect.poll(() => about(out!.at(-1))?.isEnd).toBe(true);
    expect(statuses(state!).at(-1)).toBe('ended');
    const before = heard();
    on.flow.node('source').receive({ payload: { action: 'toggle' } });
    await expect.poll(heard).toBeGreaterThan(before + 1);
    await on.flow.stop();
  });

  test('voice satellites on one UDP port: a stream for each sender, at the site that the settings name', async () => {
    const udpPort = String(await freeUdpPort());
    const udp = { ...source, mode: 'udp', udpAddress: '127.0.0.1', udpPort, site: 'home', isAutostart: false };
    await on.flow.load([{ ...udp, udpSenders: '127.0.0.2=kitchen, 127.0.0.3' }, ...nodes]);
    const [out, state] = ['out', 'state'].map((id) => on.flow.collect(id));
    const badges = on.flow.badges('source');
    on.flow.node('source').receive({ payload: 'start' });
    await expect.poll(() => badges.map(({ text }) => text)).toContain('audio-source.status.waiting');
    const devices = await Promise.all([2, 3, 4].map((host) => satellite(`127.0.0.${host}`, Number(udpPort))));
    const sites = () =>
      [...new Set(out!.map((message) => `${about(message)!.streamId} ${about(message)!.site}`))].sort();
    await expect
      .poll(async () => {
        for (const { send } of devices) send();
        return sites();
      })
      .toEqual(['source-127.0.0.2 kitchen', 'source-127.0.0.3 home-127.0.0.3']);
    on.flow.node('source').receive({ payload: 'stop' });
    await expect.poll(() => out!.filter((message) => about(message)!.isEnd).length).toBe(2);
    expect(statuses(state!).filter((status) => status === 'ended')).toHaveLength(2);
    for (const { close } of devices) close();
  });

  test('a source that is not there says so, and never with its password', async () => {
    const url = 'http://someone:secret-word@127.0.0.1:1/radio';
    await on.flow.load([{ ...source, mode: 'http', url, urlType: 'str', isAutostart: false }, ...nodes]);
    const state = on.flow.collect('state');
    const badges = on.flow.badges('source');
    on.flow.node('source').receive({});
    const failed = () => state.find(({ payload }) => (payload as { code?: string }).code)?.payload;
    await expect.poll(failed).toMatchObject({ status: 'retrying', code: 'LIVE_UNREACHABLE' });
    expect(JSON.stringify(state)).not.toMatch(/secret-word|someone/);
    expect(badges.at(-1)).toMatchObject({ fill: 'red', shape: 'ring' });
  });

  test('pieces of audio in messages become streams, one for each topic', async () => {
    await on.flow.load([{ ...source, mode: 'pcm', property: 'payload', propertyType: 'msg' }, ...nodes]);
    const out = on.flow.collect('out');
    const audio = { encoding: 'mulaw', sampleRateHz: 8000, channels: 1 };
    for (const topic of ['a', 'b']) {
      for (let n = 0; n < 10; n += 1) {
        on.flow.node('source').receive({ topic, payload: Buffer.alloc(800, 0xff), audio } as never);
      }
      on.flow.node('source').receive({ topic, payload: Buffer.alloc(0), audio } as never);
    }
    await expect.poll(() => out.filter((message) => about(message)?.isEnd)).toHaveLength(2);
    for (const streamId of ['source-a', 'source-b']) {
      const own = out.filter((message) => about(message)?.streamId === streamId);
      expect(pcmOf(own).length).toBe(2 * 16_000);
      expect(about(own[0])).toMatchObject({ isNarrowBand: true, sampleRateHz: 16_000 });
    }
  });

  test('a telephone call is a stream with its caller, and ends when the flow hangs up', async () => {
    const sipPort = await freePort();
    const sip = { ...source, mode: 'sip', sipAddress: '127.0.0.1', sipPort: `${sipPort}`, isAutostart: false };
    await on.flow.load([sip, ...nodes]);
    const [out, state] = ['out', 'state'].map((id) => on.flow.collect(id));
    const badges = on.flow.badges('source');
    on.flow.node('source').receive({ payload: 'start' });
    await expect.poll(() => statuses(state!)).toContain('listening');
    const speech = playedSpeech(on.flow.userDir, 8_000, 'Good morning, I have a parcel for your neighbour.');
    const folder = on.flow.userDir;
    await using caller = await Baresip.start({ folder, user: 'door', codec: 'PCMU', plays: speech.file });
    caller.command(`dial sip:anybody@127.0.0.1:${sipPort}`);
    await expect.poll(() => out!.length).toBeGreaterThan(3);
    expect(about(out![0])).toMatchObject({
      isNarrowBand: true,
      sampleRateHz: 16_000,
      startSample: 0,
      call: { direction: 'incoming', user: 'door', host: '127.0.0.1' },
    });
    expect(badges.map(({ text }) => text)).toContain('audio-source.status.calls');
    on.flow.node('source').receive({ payload: { action: 'hangup' } });
    await expect.poll(() => about(out!.at(-1))?.isEnd).toBe(true);
    await caller.hears(/CALL_CLOSED/);
    const ends = state!.map(({ payload }) => payload as { event?: string; end?: string });
    expect(ends).toContainEqual(expect.objectContaining({ event: 'hangup', end: 'local' }));
    on.flow.node('source').receive({ payload: 'stop' });
    await expect.poll(() => badges.at(-1)?.text).toBe('audio-source.status.stopped');
  });

  test('a call that is not answered is reported, with the caller', async () => {
    const sipPort = await freePort();
    const sip = { ...source, mode: 'sip', sipAddress: '127.0.0.1', sipPort: `${sipPort}`, isAutostart: false };
    await on.flow.load([sip, ...nodes]);
    const state = on.flow.collect('state');
    const badges = on.flow.badges('source');
    on.flow.node('source').receive({ payload: 'start' });
    await expect.poll(() => statuses(state)).toContain('listening');
    await using caller = await RawSip.open(sipPort);
    caller.send({ method: 'INVITE', from: 'door', body: OFFER(40_000, '18') });
    await caller.hears(/^SIP\/2.0 488/);
    const refused = () => state.find(({ payload }) => (payload as { status?: string }).status === 'refused');
    await expect
      .poll(() => refused()?.payload)
      .toEqual({
        status: 'refused',
        code: 'SIP_CODEC_MISMATCH',
        calls: 1,
        message: expect.stringContaining('; '),
      });
    expect(about(refused())).toMatchObject({ call: { direction: 'incoming', user: 'door', host: '127.0.0.1' } });
    expect(badges.at(-1)).toMatchObject({ fill: 'green', shape: 'ring' });
  });

  test('a call of ours that is declined says so', async () => {
    await using callee = await RawSip.open(0);
    const sip = { ...source, mode: 'sip', sipAddress: '127.0.0.1', sipPort: '0', isAutostart: false };
    await on.flow.load([sip, ...nodes]);
    const state = on.flow.collect('state');
    on.flow.node('source').receive({ payload: 'start' });
    await expect.poll(() => statuses(state)).toContain('listening');
    const call = { action: 'call', target: `sip:door@127.0.0.1:${callee.port}` };
    const failure = on.failureOf(() => on.flow.node('source').receive({ payload: call } as never));
    const invite = await callee.hears(/^INVITE /);
    callee.sendBytes(answerTo(invite, '603 Decline'), Number(/^Via:.*:(\d+);/m.exec(invite)![1]));
    expect(await failure).toMatchObject({ code: 'SIP_DECLINED' });
  });

  test.each([
    { name: 'no audio', mode: 'pcm', msg: { payload: 7 }, code: 'INPUT_INVALID' },
    { name: 'no format', mode: 'pcm', msg: { payload: Buffer.alloc(100) }, code: 'AUDIO_FORMAT_MISSING' },
    { name: 'no address', mode: 'rtsp', msg: { payload: 'start' }, code: 'INPUT_INVALID' },
    { name: 'no file', mode: 'liveFile', msg: { payload: 'start' }, code: 'INPUT_INVALID' },
  ])('$name ends in Catch', async ({ mode, msg, code }) => {
    await on.flow.load([{ ...source, mode, isAutostart: false }, ...nodes]);
    expect(await on.failureOf(() => on.flow.node('source').receive(msg as never))).toMatchObject({ code });
  });
});
