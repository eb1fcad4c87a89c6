// What cameras, radios and senders that are listened to can send: RTSP, playlists, titles, Ogg, RTP, transport streams.
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { openMediaListener, servingHttp, servingTcp } from '../mediaTarget.mjs';
import { Mutations } from '../sipMutations.mjs';

export const open = openMediaListener;

const SDP = [
  ...['v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=camera', 't=0 0', 'a=control:*', 'm=video 0 RTP/AVP 96', 'a=control:track1'],
  ...['m=audio 0 RTP/AVP 8', 'a=rtpmap:8 PCMA/8000', 'a=control:track2', ''],
].join('\r\n');
const SEGMENTS =
  '#EXTM3U\r\n#EXT-X-TARGETDURATION:4\r\n#EXT-X-MEDIA-SEQUENCE:7\r\n#EXT-X-KEY:METHOD=AES-128,URI="key",IV=0x01\r\n#EXTINF:4,\r\n#EXT-X-BYTERANGE:50@100\r\na.ts\r\n#EXT-X-DISCONTINUITY\r\nb.ts\r\n';
const CHOICE =
  '#EXTM3U\r\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",URI="a.m3u8"\r\n#EXT-X-STREAM-INF:BANDWIDTH=9,AUDIO="a"\r\nb.m3u8\r\n';
const KNOWN = /^(?:LIVE_|URL_FORBIDDEN|AUDIO_|INPUT_INVALID)/;

/** Listens to all of them, some at a time; nothing may end with a code that is ours to mend. */
async function listenToAll(target, sources, ms, until) {
  const waiting = [...sources];
  const listenOn = async () => {
    for (let source = waiting.shift(); source; source = waiting.shift()) {
      const { codes } = await target.listen(source, ms, until);
      const odd = codes.find((code) => !KNOWN.test(code));
      if (odd) throw new Error(`a source ended with ${odd}`);
    }
  };
  await Promise.all(Array.from({ length: 6 }, listenOn));
}

/** The right answer to a request, as far as a camera gives one. */
function cameraAnswer(asked) {
  const sequence = /^CSeq: *(\d+)/im.exec(asked)?.[1] ?? '0';
  const [method] = asked.split(' ');
  const head = `RTSP/1.0 200 OK\r\nCSeq: ${sequence}\r\nSession: 7;timeout=60\r\n`;
  if (method === 'DESCRIBE')
    return `${head}Content-Type: application/sdp\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`;
  return `${head}${method === 'SETUP' ? 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n' : ''}\r\n`;
}

const framed = (packet) => {
  const head = Buffer.from([0x24, 0, 0, 0]);
  head.writeUInt16BE(packet.length, 2);
  return Buffer.concat([head, packet]);
};

const rtspSources = (port, count) =>
  Array.from({ length: count }, (_, i) => ({ kind: 'rtsp', url: `rtsp://127.0.0.1:${port}/${i}` }));

async function withCamera(onConnection, listen) {
  const camera = await servingTcp(onConnection);
  try {
    await listen(camera.port);
  } finally {
    camera.close();
  }
}

async function withStation(answer, listen) {
  const station = await servingHttp(answer);
  try {
    await listen(station.url);
  } finally {
    station.close();
  }
}

export const attacks = {
  'cameras that answer with mistakes': async (target) => {
    const mistakes = new Mutations(21);
    const onConnection = (socket) =>
      socket.on('data', (chunk) => {
        const isWrong = mistakes.random(3) === 0;
        const right = cameraAnswer(chunk.toString('latin1'));
        if (socket.writable) socket.write(isWrong ? mistakes.packet(Buffer.from(mistakes.text(right))) : right);
        if (isWrong && mistakes.random(2) === 0) socket.end();
      });
    await withCamera(onConnection, (port) => listenToAll(target, rtspSources(port, 300), 1_500, 'retrying'));
  },
  'cameras that send packets of all kinds': async (target) => {
    const mistakes = new Mutations(22);
    const onConnection = (socket) =>
      socket.on('data', (chunk) => {
        socket.write(cameraAnswer(chunk.toString('latin1')));
        for (let i = 0; i < 200 && socket.writable; i += 1) socket.write(framed(mistakes.rtp([8, 0, 33, 96], i)));
      });
    await withCamera(onConnection, (port) => listenToAll(target, rtspSources(port, 40), 3_000, 'retrying'));
  },
  'cameras that flood, that drip, and that never answer': async (target) => {
    const flood = framed(Buffer.alloc(65_000, 0x80));
    let count = 0;
    const onConnection = (socket) => {
      count += 1;
      const kind = count % 4;
      const pour = () => {
        while (socket.writable && socket.write(kind === 0 ? flood : 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'));
      };
      if (kind === 0 || kind === 1) socket.on('drain', pour).on('data', pour);
      if (kind === 2) socket.write('RTSP/1.0 200 OK\r\nContent-Length: 262144\r\n\r\n');
      const drip = kind === 2 ? setInterval(() => socket.write('a'), 5) : undefined;
      socket.on('close', () => clearInterval(drip));
    };
    await withCamera(onConnection, (port) => listenToAll(target, rtspSources(port, 24), 6_000, 'retrying'));
  },
  'stations that answer with mistakes': async (target) => {
    const mistakes = new Mutations(23);
    const onConnection = (socket) =>
      socket.on('data', (chunk) => {
        const isList = /m3u8/.test(chunk.toString('latin1'));
        const body = isList ? mistakes.pick([CHOICE, SEGMENTS]) : `OggS\0\x02${'x'.repeat(300)}`;
        const head = mistakes.pick([
          'ICY 200 OK',
          'HTTP/1.1 200 OK',
          'HTTP/1.0 206 Some',
          'HTTP/1.1 302 Found\r\nLocation: x',
        ]);
        const right = `${head}\r\nContent-Type: ${isList ? 'application/x-mpegurl' : 'audio/ogg'}\r\nicy-metaint: 16\r\n\r\n${body}`;
        if (socket.writable) socket.end(mistakes.packet(Buffer.from(mistakes.text(right))));
      });
    const station = await servingTcp(onConnection);
    const sources = Array.from({ length: 200 }, (_, i) => ({
      kind: 'http',
      url: `http://127.0.0.1:${station.port}/${i % 3 === 0 ? 'live' : 'x.m3u8'}`,
    }));
    await listenToAll(target, sources, 2_000, 'retrying').finally(() => station.close());
  },
  'playlists and challenges that were made to take long': async (target) => {
    const long = 'A'.repeat(1_000_000);
    const bodies = {
      '/attributes.m3u8': `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:${long}\n`,
      '/variants.m3u8': `#EXTM3U\n${'#EXT-X-STREAM-INF:BANDWIDTH=1\n'.repeat(30_000)}`,
      '/media.m3u8': `#EXTM3U\n${'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",URI="u"\n#EXT-X-STREAM-INF:AUDIO="a"\nu\n'.repeat(12_000)}`,
      '/segments.m3u8': `#EXTM3U\n#EXT-X-TARGETDURATION:0\n${'a\n'.repeat(400_000)}`,
    };
    const answer = ({ url }, response) => {
      if (url === '/challenge')
        response.writeHead(401, { 'www-authenticate': `Digest ${long.slice(0, 12_000)}` }).end();
      else response.end(bodies[url] ?? long);
    };
    await withStation(answer, (url) => {
      const credentials = { user: 'u', password: 'p' };
      const sources = [...Object.keys(bodies), '/long.m3u8', '/challenge'].map((path) => ({
        ...{ kind: 'http', url: `${url}${path}`, credentials },
      }));
      return listenToAll(target, sources, 5_000);
    });
  },
  'a playlist whose pace is 0, and a segment of a gigabyte': async (target) => {
    let asked = 0;
    const answer = ({ url }, response) => {
      asked += 1;
      if (url === '/idle.m3u8') response.end('#EXTM3U\n#EXT-X-TARGETDURATION:0\n');
      else if (url === '/big.m3u8') response.end('#EXTM3U\n#EXT-X-TARGETDURATION:0\n#EXTINF:1,\nbig\n#EXT-X-ENDLIST\n');
      else {
        const packet = Buffer.alloc(188 * 400, 0xff).fill(0x47, 0, 1);
        const pour = () => {
          while (!response.destroyed && response.write(packet));
        };
        response.on('drain', pour);
        pour();
      }
    };
    await withStation(answer, async (url) => {
      await target.listen({ kind: 'http', url: `${url}/idle.m3u8` }, 5_000, 'retrying');
      if (asked > 40) throw new Error(`a playlist was asked for ${asked} times in 5 s`);
      await target.listen({ kind: 'http', url: `${url}/big.m3u8` }, 20_000, 'retrying');
    });
  },
  'what a source leads to within private networks': async (target) => {
    let reached = 0;
    const inner = await servingHttp((_, response) => {
      reached += 1;
      response.end('secret');
    }, '127.0.0.2');
    const there = inner.url;
    const lines = {
      '/redirect': undefined,
      '/list.m3u': `${there}/x`,
      '/variant.m3u8': `#EXT-X-STREAM-INF:BANDWIDTH=1\n${there}/x.m3u8`,
      '/segment.m3u8': `#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${there}/x`,
      '/key.m3u8': `#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="${there}/x"\n#EXTINF:1,\na`,
      '/map.m3u8': `#EXT-X-TARGETDURATION:1\n#EXT-X-MAP:URI="${there}/x"\n#EXTINF:1,\na`,
      '/port.m3u': there.replace('127.0.0.2', '[::ffff:127.0.0.2]'),
      '/number.m3u': there.replace('127.0.0.2', '2130706434'),
    };
    const answer = ({ url }, response) => {
      if (url in lines && lines[url] !== undefined) response.end(`#EXTM3U\n${lines[url]}\n`);
      else response.writeHead(302, { location: `${there}/x` }).end();
    };
    await withStation(answer, (url) =>
      listenToAll(
        target,
        Object.keys(lines).map((path) => ({ kind: 'http', url: `${url}${path}` })),
        3_000,
        'retrying',
      ),
    );
    inner.close();
    if (reached > 0) throw new Error(`a private host was asked ${reached} times`);
  },
  'an Ogg chain of very many links': async (target) => {
    const page = (type) =>
      Buffer.concat([
        Buffer.from('OggS\0'),
        Buffer.from([type]),
        Buffer.alloc(20),
        Buffer.from([1, 8]),
        Buffer.from('OpusHead'),
      ]);
    const chain = Buffer.concat(Array.from({ length: 500 }, () => [page(2), page(0)]).flat());
    const answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'audio/ogg' });
      const pour = () => {
        while (!response.destroyed && response.write(chain));
      };
      response.on('drain', pour);
      pour();
    };
    await withStation(answer, (url) => target.listen({ kind: 'http', url: `${url}/` }, 8_000));
  },
  'datagrams of all kinds': async (target, signal) => {
    const mistakes = new Mutations(24);
    const socket = createSocket('udp4');
    const free = createSocket('udp4');
    await new Promise((resolve) => free.bind(0, '127.0.0.1', resolve));
    const { port } = free.address();
    await new Promise((resolve) => free.close(resolve));
    for (const encoding of ['MP2T', 'PCMU', 'OPUS', 'L16']) {
      const description = { by: 'port', address: '127.0.0.1', port, format: { encoding } };
      const listening = target.listen({ kind: 'rtp', description }, 8_000);
      for (let i = 0; i < 4_000 && !signal.aborted; i += 1) {
        const transport = Buffer.alloc(188 * (1 + mistakes.random(7)), mistakes.random(256)).fill(0x47, 0, 1);
        const packet =
          encoding === 'MP2T' && i % 2 === 0 ? mistakes.packet(transport) : mistakes.rtp([0, 33, 96, 11], i);
        await new Promise((resolve) => socket.send(packet, port, '127.0.0.1', resolve));
        if (i % 10 === 0) await sleep(5);
      }
      const { codes } = await listening;
      const odd = codes.find((code) => !KNOWN.test(code));
      if (odd) throw new Error(`${encoding} ended with ${odd}`);
    }
    socket.close();
  },
};
