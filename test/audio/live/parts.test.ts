import { expect, test } from 'vitest';
import { bestForListening, parseHlsPlaylist } from '../../../src/audio/live/http/hlsPlaylist.js';
import { HttpAuthorization } from '../../../src/audio/live/httpAuthorization.js';
import { GdpReader } from '../../../src/audio/live/pipeline/gdpReader.js';
import { pipelineTokens } from '../../../src/audio/live/pipeline/pipeline.js';
import { rtpPortOfSdp } from '../../../src/audio/live/rtp/rtpSdp.js';
import { soundOnly } from '../../../src/audio/live/rtsp/soundOnly.js';
import { RECONNECT, reconnectMs } from '../../../src/core/backoff.js';

test('waits double up to a cap; by chance a quarter less, never more', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 1_000].map((failures) => reconnectMs(RECONNECT, failures, false, 0));
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  expect(reconnectMs(RECONNECT, 1, false, 0.999)).toBe(750);
  expect([1, 2, 9].map((failures) => reconnectMs(RECONNECT, failures, true, 0))).toEqual([60_000, 120_000, 600_000]);
});

test('a value cannot leave its quotes', () => {
  expect(pipelineTokens([['alsasrc', { device: 'x" ! filesink location="y\\' }], 'audioconvert'])).toEqual([
    'alsasrc',
    'device="x\\" ! filesink location=\\"y\\\\"',
    '!',
    'audioconvert',
  ]);
});

test('the digest of RFC 2617, 3.5, but for the client nonce, which is drawn', () => {
  const authorization = new HttpAuthorization({ user: 'Mufasa', password: 'Circle Of Life' });
  const challenge =
    'Basic realm="old", Digest realm="testrealm@host.com", qop="auth,auth-int", ' +
    'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
  expect(authorization.header('GET', '/dir/index.html')).toBeUndefined();
  expect(authorization.challenged([challenge])).toBe(true);
  const header = authorization.header('GET', '/dir/index.html')!;
  expect(header).toMatch(/^Digest username="Mufasa", realm="testrealm@host.com", .*qop=auth, nc=00000001, /);
  expect(header).toContain('opaque="5ccc069c403ebaf9f0171e9517f40e41"');
  expect(header).not.toContain('Circle');
  expect(authorization.challenged([challenge])).toBe(false); // refused: another try makes no sense
});

test('the digest of RFC 2069, as old cameras ask for it', () => {
  const authorization = new HttpAuthorization({ user: 'Mufasa', password: 'CircleOfLife' });
  authorization.challenged(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"']);
  // By hand: md5(md5('Mufasa:testrealm@host.com:CircleOfLife'):nonce:md5('GET:/dir/index.html')), RFC 2069 erratum 749.
  expect(authorization.header('GET', '/dir/index.html')).toContain('response="1949323746fe6a43ef61f9606e7febea"');
});

test('GDP in any cut; caps and events are passed over', () => {
  const packet = (type: number, payload: Buffer, pts: bigint): Buffer => {
    const header = Buffer.alloc(62);
    header.writeUInt8(1, 0);
    header.writeUInt16BE(type, 4);
    header.writeUInt32BE(payload.length, 6);
    header.writeBigUInt64BE(pts, 10);
    return Buffer.concat([header, payload]);
  };
  const none = 0xffff_ffff_ffff_ffffn;
  const all = Buffer.concat([
    packet(2, Buffer.from('audio/x-raw'), none),
    packet(1, Buffer.from('one'), 7n),
    packet(1, Buffer.from('two'), none),
  ]);
  for (const size of [1, 61, 62, 1_000]) {
    const reader = new GdpReader();
    const buffers = [];
    for (let at = 0; at < all.length; at += size) buffers.push(...reader.push(all.subarray(at, at + size)));
    expect(buffers.map(({ ptsNs, bytes }) => [ptsNs, Buffer.from(bytes).toString()])).toEqual([
      [7, 'one'],
      [undefined, 'two'],
    ]);
  }
});

const CAMERA_SDP = `v=0
o=- 1 1 IN IP4 0.0.0.0
s=camera
t=0 0
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=control:trackID=1
m=audio 0 RTP/AVP 0
a=sendonly
a=control:trackID=3
m=audio 0 RTP/AVP 97
a=recvonly
a=rtpmap:97 mpeg4-generic/16000
a=control:trackID=2
`;

test('of what a camera offers the sound it sends is left, not its loudspeaker', () => {
  const sound = soundOnly(CAMERA_SDP)!;
  expect(sound).toMatchObject({ encoding: 'MPEG4-GENERIC', clockRateHz: 16_000 });
  expect(sound.control).toBe('trackID=2');
  const sdp = sound.sdp('rtsp://127.0.0.1/sound');
  expect(sdp.match(/^m=.*$/gm)).toEqual(['m=audio 0 RTP/AVP 97']);
  expect(sdp.match(/^a=control:.*$/gm)).toEqual(['a=control:rtsp://127.0.0.1/sound']);
  expect(soundOnly(CAMERA_SDP.split('m=audio')[0]!)).toBeUndefined();
});

test.each([
  { name: 'a static type', lines: 'm=audio 5004 RTP/AVP 8', format: { encoding: 'PCMA', payloadType: 8 } },
  {
    name: 'the first that can be received',
    lines: 'm=audio 5004 RTP/AVP 3 101\na=rtpmap:101 opus/48000/2',
    format: { encoding: 'OPUS', clockRateHz: 48_000, channels: 2, payloadType: 101 },
  },
])('SDP of an RTP stream: $name', ({ lines, format }) => {
  const sdp = `v=0\no=- 0 0 IN IP4 10.0.0.1\ns=x\nc=IN IP4 10.0.0.2\nt=0 0\n${lines}\n`;
  expect(rtpPortOfSdp(sdp)).toEqual({ address: '0.0.0.0', port: 5004, format });
});

test('SDP of a group is joined; without audio it is refused', () => {
  const sdp = 'v=0\ns=x\nc=IN IP4 239.1.2.3/16\nm=audio 5004 RTP/AVP 0\n';
  expect(rtpPortOfSdp(sdp).address).toBe('239.1.2.3');
  const port = 'm=audio 70000 RTP/AVP 0';
  const name = 'm=audio 5004 RTP/AVP 96\na=rtpmap:96 729/8000';
  for (const lines of ['m=video 5004 RTP/AVP 26', port, name]) {
    expect(() => rtpPortOfSdp(`v=0\ns=x\nc=IN IP4 12345\n${lines}\n`)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }),
    );
  }
});

test('HLS: sound alone is chosen before pictures, and the least of those', () => {
  const choose = (text: string) => {
    const playlist = parseHlsPlaylist(text);
    return playlist.kind === 'choice' ? bestForListening(playlist) : undefined;
  };
  const pictures = '#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360,CODECS="avc1.4d,mp4a.40.2"\nbig.m3u8\n';
  const fewer = '#EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=320x180\nsmall.m3u8\n';
  const sound = '#EXT-X-STREAM-INF:BANDWIDTH=999999,CODECS="mp4a.40.2"\n/sound.m3u8\n';
  const rendition = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en",URI="en.m3u8"\n';
  expect(choose(`#EXTM3U\n${pictures}${sound}`)).toBe('/sound.m3u8');
  expect(choose(`#EXTM3U\n${pictures}${fewer}`)).toBe('small.m3u8');
  expect(choose(`#EXTM3U\n${rendition}${pictures}`)).toBe('en.m3u8');
  const grouped = pictures.replace('RESOLUTION', 'AUDIO="b",RESOLUTION');
  const other = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="b",NAME="de, leise",DEFAULT=YES,URI="de.m3u8"\n';
  expect(choose(`#EXTM3U\n${rendition}${other}${grouped}`)).toBe('de.m3u8');
});

test('HLS: sequence, byte ranges, keys and headers of segments', () => {
  const text = `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI="init.mp4",BYTERANGE="100@0"
#EXT-X-KEY:METHOD=AES-128,URI="key",IV=0x0102
#EXTINF:4,
#EXT-X-BYTERANGE:50@100
all.mp4
#EXT-X-BYTERANGE:60
all.mp4
#EXT-X-KEY:METHOD=NONE
last.mp4
#EXT-X-ENDLIST`;
  const playlist = parseHlsPlaylist(text);
  if (playlist.kind !== 'segments') throw new Error('no segments');
  expect(playlist).toMatchObject({ targetMs: 4_000, hasEnd: true });
  expect(playlist.segments.map(({ sequence, range, key }) => [sequence, range, key?.uri])).toEqual([
    [7, { offset: 100, length: 50 }, 'key'],
    [8, { offset: 150, length: 60 }, 'key'],
    [9, undefined, undefined],
  ]);
  expect(playlist.segments[0]!.map).toEqual({ uri: 'init.mp4', range: { offset: 0, length: 100 } });
  expect(playlist.segments[0]!.key?.iv?.at(-1)).toBe(2);
});
