import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Mutations } from '../../../scripts/soak/hostile/sipMutations.mjs';
import { parseHlsPlaylist } from '../../../src/audio/live/http/hlsPlaylist.js';
import { hlsBytes, hlsSegments } from '../../../src/audio/live/http/hlsStream.js';
import { HttpClient, wholeBody } from '../../../src/audio/live/http/httpClient.js';
import { withoutTitles } from '../../../src/audio/live/http/icyMetadata.js';
import { CUT, linksOf } from '../../../src/audio/live/http/links.js';
import { withCuts } from '../../../src/audio/live/http/oggChain.js';
import { HttpAuthorization } from '../../../src/audio/live/httpAuthorization.js';
import { rtpPortOfSdp } from '../../../src/audio/live/rtp/rtpSdp.js';
import { TransportPackets } from '../../../src/audio/live/rtp/transportStream.js';
import { OneSource } from '../../../src/audio/live/rtsp/oneSource.js';
import { trackAddresses } from '../../../src/audio/live/rtsp/rtspAddresses.js';
import { RtspReader } from '../../../src/audio/live/rtsp/rtspParts.js';
import { RtspRelay } from '../../../src/audio/live/rtsp/rtspRelay.js';
import { soundOnly } from '../../../src/audio/live/rtsp/soundOnly.js';
import { VoicePrintsError } from '../../../src/core/errors.js';

// A short form of `npm run soak -- hostile --only=media`: always the same mistakes.

const SDP = [
  ...['v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=camera', 't=0 0', 'a=control:*', 'm=video 0 RTP/AVP 96', 'a=control:track1'],
  ...[
    'm=audio 0 RTP/AVP 97 8',
    'a=rtpmap:97 MPEG4-GENERIC/16000/1',
    'a=fmtp:97 mode=AAC-hbr;config=1408',
    'a=control:track2',
    '',
  ],
].join('\r\n');
const DESCRIBED = `RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Base: rtsp://127.0.0.1/live/\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`;
const CHALLENGE =
  'Digest realm="a \\"b\\"", nonce="abc", qop="auth,auth-int", algorithm=MD5, stale=false, Basic realm="c"';
const CHOICE =
  '#EXTM3U\r\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="b, c",DEFAULT=YES,URI="a.m3u8"\r\n#EXT-X-STREAM-INF:BANDWIDTH=1000,RESOLUTION=1x1,AUDIO="a"\r\nb.m3u8\r\n';
const SEGMENTS =
  '#EXTM3U\r\n#EXT-X-TARGETDURATION:4\r\n#EXT-X-MEDIA-SEQUENCE:7\r\n#EXT-X-KEY:METHOD=AES-128,URI="key",IV=0x01\r\n#EXT-X-MAP:URI="map",BYTERANGE="10@0"\r\n#EXTINF:4,\r\n#EXT-X-BYTERANGE:50@100\r\na.ts\r\n#EXT-X-DISCONTINUITY\r\nb.ts\r\n#EXT-X-ENDLIST\r\n';

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collected(items: AsyncIterable<Uint8Array | typeof CUT>): Promise<{ bytes: Buffer; cuts: number }> {
  const all = [];
  for await (const item of items) all.push(item);
  const pieces = all.filter((item) => item !== CUT);
  return { bytes: Buffer.concat(pieces), cuts: all.length - pieces.length };
}

/** What throws, throws an Error of ours or none. */
async function ownErrors(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(VoicePrintsError);
    expect((thrown as VoicePrintsError).code).toMatch(/^(?:LIVE_|URL_|AUDIO_|INPUT_)/);
  }
}

test('descriptions and playlists with mistakes are read, whatever they say', async () => {
  const mistakes = new Mutations(11);
  const described = SDP.replace('audio 0', 'audio 5004').replace('t=0 0', 'c=IN IP4 127.0.0.1');
  for (let i = 0; i < 3_000; i += 1) {
    await ownErrors(() => rtpPortOfSdp(mistakes.text(described)));
    const sound = soundOnly(mistakes.text(SDP));
    if (sound) expect(sound.sdp('rtsp://x/sound').match(/^m=/gm)).toHaveLength(1);
    const contentBase = mistakes.text('rtsp://127.0.0.1:554/live?a=b/');
    const addresses = trackAddresses({ control: sound?.control, contentBase, requestUrl: 'rtsp://camera/live' });
    expect(addresses.length).toBeGreaterThan(0);
    for (const text of [CHOICE, SEGMENTS]) {
      const playlist = parseHlsPlaylist(mistakes.text(text));
      if (playlist.kind === 'segments') {
        expect(playlist.targetMs).toBeGreaterThanOrEqual(1_000);
        expect(playlist.targetMs).toBeLessThanOrEqual(60_000);
        for (const { sequence } of playlist.segments) expect(Number.isSafeInteger(sequence)).toBe(true);
      }
    }
    new HttpAuthorization({ user: 'u', password: 'p' }).challenged([mistakes.text(CHALLENGE)]);
  }
});

test('RTSP in any cut is the same; what is none is refused', () => {
  const mistakes = new Mutations(12);
  const packet = Buffer.concat([Buffer.from([0x24, 0, 0, 20]), Buffer.alloc(20, 7)]);
  const right = Buffer.concat([Buffer.from(DESCRIBED), packet, Buffer.from(`\r\n${DESCRIBED}`), packet]);
  for (const size of [1, 3, 1_000, right.length]) {
    const reader = new RtspReader();
    const parts = [];
    for (let at = 0; at < right.length; at += size) parts.push(...reader.push(right.subarray(at, at + size)));
    expect(parts.map((part) => (part.kind === 'packet' ? part.bytes : part.message.body.toString()))).toEqual([
      SDP,
      packet,
      SDP,
      packet,
    ]);
  }
  const source = new OneSource();
  const packets = new TransportPackets(undefined);
  for (let i = 0; i < 3_000; i += 1) {
    const reader = new RtspReader();
    const bytes = mistakes.packet(Buffer.from(mistakes.text(DESCRIBED)));
    try {
      for (const part of [...reader.push(bytes), ...reader.push(mistakes.bytes(40))]) {
        if (part.kind === 'packet') source.isOurs(part.bytes);
      }
    } catch (thrown) {
      expect((thrown as Error).message).toBe('not RTSP');
    }
    packets.in(mistakes.packet(mistakes.rtp([33], i)));
  }
});

test('a header, a body, an attribute or a challenge that was made to take long does not', () => {
  const reader = new RtspReader();
  const body = 'a'.repeat(262_144);
  const bytes = Buffer.from(`RTSP/1.0 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  let messages = 0;
  for (let at = 0; at < bytes.length; at += 1) for (const _ of reader.push(bytes.subarray(at, at + 1))) messages += 1;
  expect(messages).toBe(1);
  const long = 'A'.repeat(1_048_576);
  for (const text of [`#EXT-X-KEY:${long}`, '#EXT-X-STREAM-INF:\n'.repeat(50_000), '#EXT-X-MAP:A="'.repeat(70_000)]) {
    parseHlsPlaylist(text);
    expect(new HttpAuthorization({ user: 'u', password: 'p' }).challenged([text, `Digest ${long}`])).toBe(true);
  }
});

test('sound between titles, and links of an Ogg chain, come whole however they are cut', async () => {
  const mistakes = new Mutations(13);
  const page = (type: number, length: number) =>
    Buffer.concat([
      Buffer.from('OggS\0'),
      Buffer.from([type]),
      Buffer.alloc(20),
      Buffer.from([1, length]),
      mistakes.bytes(length),
    ]);
  const track = () => Buffer.concat([page(2, 19), page(2, 30), page(0, 200), page(4, 255)]);
  const chain = Buffer.concat([track(), track(), track()]);
  const titled = Buffer.concat([Buffer.from('abcd'), Buffer.from([1]), Buffer.alloc(16, 1), Buffer.from('efgh\0ij')]);
  for (const size of [1, 5, 64, 10_000]) {
    expect(await collected(withCuts(inPieces(chain, size)))).toEqual({ bytes: chain, cuts: 2 });
    expect((await collected(withoutTitles(inPieces(titled, size), '4'))).bytes.toString()).toBe('abcdefghij');
    const links = [];
    for await (const link of linksOf(withCuts(inPieces(chain, size)))) links.push((await collected(link)).bytes.length);
    expect(links).toEqual([chain.length / 3, chain.length / 3, chain.length / 3]);
  }
  for (let i = 0; i < 500; i += 1) {
    const broken = mistakes.packet(chain);
    expect((await collected(withCuts(inPieces(broken, 50)))).bytes.equals(broken)).toBe(true);
    await collected(withoutTitles(inPieces(broken, 50), mistakes.text('16')));
  }
});

/** Answers each connection with what `answers` gives, and hangs up. */
async function answering(answers: (asked: string) => Buffer) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (asked) => {
      if (!socket.writableEnded) socket.end(answers(asked.toString('latin1')));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('a device that answers with mistakes is refused with a code', async () => {
  const mistakes = new Mutations(14);
  await using server = await answering(() =>
    mistakes.packet(Buffer.from(mistakes.text(`RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n${DESCRIBED}`))),
  );
  for (let i = 0; i < 300; i += 1) {
    await ownErrors(async () => {
      await using relay = await RtspRelay.open({ kind: 'rtsp', url: `rtsp://127.0.0.1:${server.port}/live` }, []);
      await relay.describe(AbortSignal.timeout(30_000));
    });
  }
});

test('a station that answers with mistakes is refused with a code', async () => {
  const mistakes = new Mutations(15);
  await using server = await answering((asked) => {
    const [body, type] = /m3u8|list/.test(asked)
      ? [mistakes.pick([CHOICE, SEGMENTS]), 'application/x-mpegurl']
      : ['x'.repeat(64), 'audio/mpeg'];
    const head = mistakes.pick([
      'ICY 200 OK',
      'HTTP/1.1 200 OK',
      'HTTP/1.0 206 Some',
      'HTTP/1.1 302 Found\r\nLocation: list',
    ]);
    return mistakes.packet(
      Buffer.from(mistakes.text(`${head}\r\nContent-Type: ${type}\r\nicy-metaint: 16\r\n\r\n${body}`)),
    );
  });
  const url = `http://127.0.0.1:${server.port}/x.m3u8`;
  for (let i = 0; i < 300; i += 1) {
    await ownErrors(async () => {
      const signal = AbortSignal.timeout(30_000);
      const client = new HttpClient({ kind: 'http', url }, []);
      const answer = await client.get(url, signal);
      const text = (await wholeBody(answer, 100_000, 'the playlist', signal)).toString();
      const { playlist, url: at } = await hlsSegments(text, answer.url, client, signal);
      const bytes = hlsBytes(
        { ...playlist, segments: playlist.segments.slice(0, 3), hasEnd: true },
        at,
        client,
        signal,
      );
      await bytes.next();
      await bytes.return(undefined);
    });
  }
});
