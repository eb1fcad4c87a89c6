import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isSuperficialUsable, type Launcher } from '../../../src/audio/live/pipeline/launcher.js';
import type { RtspSource } from '../../../src/core/liveSource.js';
import { type Oddity, startOddCamera } from '../../peers/oddCamera.js';
import { type RtspServer, startRtspServer } from '../../peers/rtspServer.js';
import { temporaryFolder } from '../glide.js';
import { statuses } from './heard.js';
import { expectNothingOpen, Listener, listen, soundOf } from './listen.js';
import { alignmentOf, songFile } from './song.js';

const CREDENTIALS = { user: 'viewer', password: 'k4mera"#geheim' };
const folder = temporaryFolder();
const audioFile = songFile(folder);
const soon = { backoff: { firstMs: 100, maxMs: 400 } };

let camera: RtspServer;
beforeAll(async () => {
  camera = await startRtspServer({ audioFile, credentials: CREDENTIALS });
});
afterAll(() => camera.peer[Symbol.asyncDispose]());
const extra: number[] = [];
expectNothingOpen(() => [camera.peer.pid, ...extra]);

const source = (path: string, more: Partial<RtspSource> = {}): RtspSource => ({
  kind: 'rtsp',
  url: `rtsp://127.0.0.1:${camera.port}/${path}`,
  credentials: CREDENTIALS,
  ...more,
});

const LAUNCHERS: readonly Launcher[] = ['gst-launch', 'gstreamer-superficial'];
const isUsable = await isSuperficialUsable();
const isMissing = (launcher: Launcher) => launcher === 'gstreamer-superficial' && !isUsable;

/** With the least likeness of 100 ms to what was played, for what the codec leaves of it. */
const ROWS = [
  { path: 'pcmu', transport: 'tcp', launcher: 'gst-launch', isNarrowBand: true, least: 0.95 },
  { path: 'pcma', transport: 'udp', launcher: 'gst-launch', isNarrowBand: true, least: 0.95 },
  { path: 'av', transport: 'tcp', launcher: 'gst-launch', isNarrowBand: false, least: 0.9 },
  { path: 'opus', transport: 'tcp', launcher: 'gst-launch', isNarrowBand: false, least: 0.9 },
  // As go2rtc is asked for the sound alone.
  { path: 'av?audio', transport: 'tcp', launcher: 'gst-launch', isNarrowBand: false, least: 0.9 },
  { path: 'g722', transport: 'tcp', launcher: 'gst-launch', isNarrowBand: false, least: 0.9 },
  { path: 'aac', transport: 'udp', launcher: 'gstreamer-superficial', isNarrowBand: false, least: 0.9 },
  { path: 'l16', transport: 'tcp', launcher: 'gstreamer-superficial', isNarrowBand: false, least: 0.99 },
  { path: 'ts', transport: 'tcp', launcher: 'gst-launch', isNarrowBand: false, least: 0.9 },
  // A device that refuses one transport is asked for the other.
  { path: 'pcmu-udp', transport: 'tcp', launcher: 'gst-launch', isNarrowBand: true, least: 0.95 },
  { path: 'pcmu-tcp', transport: 'udp', launcher: 'gst-launch', isNarrowBand: true, least: 0.95 },
] as const;

// Together, as cameras are: one after another they would mostly wait.
test('of every codec, with pictures or without, over TCP and UDP, what the camera plays is received', async () => {
  const all = ROWS.map(async ({ path, transport, launcher: wanted }) => {
    const launcher = isMissing(wanted) ? 'gst-launch' : wanted;
    return listen(source(path, { transport }), 1.2, { launcher });
  });
  for (const [i, { heard, isNarrowBand }] of (await Promise.all(all)).entries()) {
    const row = ROWS[i]!;
    expect(statuses(heard), row.path).toEqual(['connecting', 'open']);
    expect(heard.runs, row.path).toHaveLength(1);
    const { pieces } = alignmentOf(heard.samples, 6_400, 19_200);
    expect(Math.min(...pieces.map(({ likeness }) => likeness)), row.path).toBeGreaterThan(row.least);
    expect(Math.max(...pieces.map(({ shift }) => Math.abs(shift))), row.path).toBeLessThanOrEqual(1);
    expect(isNarrowBand, row.path).toBe(row.isNarrowBand);
  }
});

test.for(LAUNCHERS)(
  '%s: no argument and no variable of a child tells user, password or path',
  async (launcher, { skip }) => {
    if (isMissing(launcher)) skip('gstreamer-superficial is not built here');
    await using listener = new Listener(source('pcmu'), { launcher });
    await listener.more(0.1);
    const children = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isOurs(pid));
    expect(children.length).toBeGreaterThan(0);
    for (const pid of children) {
      const told = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
      expect(told).toContain('rtspsrc');
      const pipeline = told.split('\0').filter((word) => /rtsp/.test(word));
      for (const secret of [CREDENTIALS.user, 'pcmu', `:${camera.port}`]) expect(pipeline.join()).not.toContain(secret);
      expect(told).not.toContain(CREDENTIALS.password);
    }
  },
);

/** A child of this process other than the camera. */
function isOurs(pid: string): boolean {
  try {
    const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1];
    return parent === `${process.pid}` && pid !== `${camera.peer.pid}`;
  } catch {
    return false; // gone meanwhile
  }
}

/** Oddities of devices in the field; each knows its sound under one address only. */
const ODDITIES: readonly (Oddity & { readonly name: string })[] = [
  { name: 'no Content-Base', track: 'BASE/live/track1' },
  { name: 'Content-Base without its last slash', contentBase: 'BASE/av0', track: 'BASE/av0/track1' },
  { name: 'the same, read as RFC 3986 says', contentBase: 'BASE/av0', track: 'BASE/track1' },
  { name: 'Content-Base doubled', contentBase: 'rtsp://BASE/live/', track: 'BASE/live/track1' },
  { name: 'an IPv4-mapped host', contentBase: 'rtsp://::ffff:127.0.0.1/live/', track: 'BASE/live/track1' },
  { name: 'a host of its own network', contentBase: 'rtsp://10.0.0.94:554/live/', track: 'BASE/live/track1' },
  { name: 'no scheme', contentBase: '127.0.0.1/live/', track: 'BASE/live/track1' },
  { name: 'a query', path: '/cam?channel=1&proto=Onvif', track: 'BASE/cam?channel=1&proto=Onvif/track1' },
  { name: 'a track without an address', control: '*', track: 'BASE/live' },
  { name: 'sendonly, alone', more: ['a=sendonly'] },
  { name: 'sendonly for the whole', session: ['a=sendonly'] },
  {
    name: 'its loudspeaker first',
    session: ['m=audio 0 RTP/AVP 0', 'a=sendonly', 'a=control:speaker'],
    track: 'BASE/live/track1',
  },
  { name: 'packets of an earlier session', isHaunted: true },
  { name: 'the stream moved', location: 'BASE/moved', track: 'BASE/moved/track1' },
  { name: 'OPTIONS and keep-alive refused', statuses: { OPTIONS: 404, GET_PARAMETER: 454 } },
];

test('audio of a camera with an oddity is received', async () => {
  const all = ODDITIES.map(async (oddity) => {
    await using odd = await startOddCamera(oddity);
    const { heard } = await listen({ kind: 'rtsp', url: odd.url }, 0.6, { launcher: 'gst-launch' });
    return { heard, asked: odd.asked };
  });
  for (const [i, { heard, asked }] of (await Promise.all(all)).entries()) {
    const { name } = ODDITIES[i]!;
    expect(statuses(heard), name).toEqual(['connecting', 'open']);
    const { pieces } = alignmentOf(heard.samples, 1_600, 9_600);
    expect(Math.min(...pieces.map(({ likeness }) => likeness)), name).toBeGreaterThan(0.95);
    expect(
      asked.filter((line) => line.startsWith('PLAY')),
      name,
    ).toHaveLength(1);
  }
});

test('a redirect to another host of a private network is not followed, unless it is allowed', async () => {
  await using inner = await startOddCamera({});
  await using outer = await startOddCamera({ location: inner.url.replace('127.0.0.1', '127.0.0.2') });
  await using listener = new Listener({ kind: 'rtsp', url: outer.url });
  await listener.state({ status: 'retrying', code: 'URL_FORBIDDEN' });
  expect(inner.asked).toEqual([]);
});

test('refusals of a camera have different codes, without the address', async () => {
  const { credentials: _, ...anonymous } = source('pcmu');
  const refusals = [
    { source: source('pcmu', { credentials: { user: 'viewer', password: 'wrong' } }), code: 'LIVE_UNAUTHORIZED' },
    { source: anonymous, code: 'LIVE_UNAUTHORIZED' },
    { source: source('nothing'), code: 'LIVE_NOT_FOUND' },
    { source: source('pictures'), code: 'LIVE_NO_AUDIO' },
  ];
  const told = refusals.map(async ({ source: refused, code }) => {
    await using listener = new Listener(refused);
    return { code, state: await listener.state({ status: 'retrying' }) };
  });
  for (const { code, state } of await Promise.all(told)) {
    expect(state).toMatchObject({ code, attempt: 1 });
    expect(JSON.stringify(state)).not.toMatch(/wrong|127\.0\.0\.1|viewer|pcmu|nothing"/);
    if (code !== 'LIVE_NOT_FOUND') expect(state.retryInMs).toBeGreaterThanOrEqual(45_000); // devices lock out
  }
});

test('no server, and a server of another protocol', async () => {
  const server = createServer((_, response) => response.end('no RTSP'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const address = source('x', { url: `rtsp://127.0.0.1:${port}/x` });
  {
    await using listener = new Listener(address);
    await listener.state({ status: 'retrying', code: 'LIVE_UNREACHABLE' });
  }
  await new Promise((resolve) => server.close(resolve));
  await using listener = new Listener(address);
  await listener.state({ status: 'retrying', code: 'LIVE_UNREACHABLE' });
});

/** What the time line of a source may be ahead or behind the clock. */
const CLOCK_ERROR_MS = 1_000;

test.for(['tcp', 'udp'] as const)(
  'killed and started again over %s: back, with the gap on the time line',
  async (transport) => {
    const first = await startRtspServer({ audioFile });
    extra.splice(0, extra.length, first.peer.pid);
    const url = `rtsp://127.0.0.1:${first.port}/pcmu`;
    await using listener = new Listener({ kind: 'rtsp', url, transport }, { ...soon, stallMs: 4_000 });
    await listener.more(0.5);
    await first.peer.kill();
    await listener.state({ status: 'retrying' });
    const retryingAtMs = Date.now();
    await using again = await restarted(first.port);
    const heard = await listener.more(0.8);
    expect(heard.states.at(-1)?.status).toBe('open');
    expect(heard.runs).toHaveLength(2);
    const [start, length] = heard.runs[1]!;
    // True to the wall clock: all of it was played after the camera was started again, and before now.
    const atMs = (sample: number) => listener.audio.startedAtMs! + sample / 16;
    expect(atMs(start)).toBeGreaterThan(retryingAtMs - CLOCK_ERROR_MS);
    expect(atMs(start + length)).toBeLessThan(Date.now() + CLOCK_ERROR_MS);
    const { pieces } = alignmentOf(heard.samples, start + 4_800, start + length);
    expect(Math.min(...pieces.map(({ likeness }) => likeness))).toBeGreaterThan(0.95);
    expect(again.port).toBe(first.port);
  },
);

async function restarted(port: number): Promise<RtspServer & AsyncDisposable> {
  const server = await startRtspServer({ audioFile, port });
  extra.splice(0, extra.length, server.peer.pid);
  return { ...server, [Symbol.asyncDispose]: () => server.peer.kill() };
}

test('frozen for a while: audio that comes late in a burst keeps its time', async () => {
  await using listener = new Listener(source('pcmu'));
  const before = await listener.more(0.5);
  camera.peer.freeze();
  const { startedAtMs = 0 } = listener.audio;
  await listener.until((heard) => Date.now() - startedAtMs - soundOf(heard) / 16 > 1_200);
  camera.peer.thaw();
  const heard = await listener.more(2);
  expect(heard.runs).toHaveLength(1);
  expect(heard.states).toHaveLength(before.states.length);
  const { pieces } = alignmentOf(heard.samples, 4_800, heard.samples.length);
  expect(pieces.length).toBeGreaterThan(15);
  expect(Math.min(...pieces.map(({ likeness }) => likeness))).toBeGreaterThan(0.95);
  expect(Math.max(...pieces.map(({ shift }) => Math.abs(shift)))).toBeLessThanOrEqual(1);
});

test('frozen for long: the watchdog says so, and it is back after the thaw', async () => {
  await using listener = new Listener(source('pcmu'), { ...soon, stallMs: 600 });
  await listener.more(0.2);
  camera.peer.freeze();
  expect(await listener.state({ status: 'retrying' })).toMatchObject({ code: 'LIVE_STALLED' });
  camera.peer.thaw();
  await listener.state({ status: 'open' }, 1);
  await listener.more(0.3);
});
