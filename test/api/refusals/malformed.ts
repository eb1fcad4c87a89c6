/** Requests no well-behaved client sends. Each must be answered below 500, in the shape of its surface. */
export interface Malformed {
  readonly name: string;
  readonly method: string;
  /** With the key where `{key}` stands. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const CONTRACT = '/audio/generic/api/v2/sync/diarization';
const WAV = wav(16_000, 1, 1600);
const JSON_TYPE = { 'content-type': 'application/json' };

/** A WAV file of silence with whatever header is asked for. */
export function wav(rate: number, channels: number, frames: number, bits = 16): Buffer {
  const dataBytes = frames * channels * (bits / 8);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + dataBytes, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE((rate * channels * bits) / 8, 28);
  head.writeUInt16LE((channels * bits) / 8, 32);
  head.writeUInt16LE(bits, 34);
  head.write('data', 36);
  head.writeUInt32LE(dataBytes, 40);
  return Buffer.concat([head, Buffer.alloc(dataBytes)]);
}

const ODD_VALUES: readonly unknown[] = [
  -1,
  0,
  1.5,
  1e300,
  true,
  [],
  [[]],
  {},
  { a: { b: [] } },
  '',
  ' ',
  'a b',
  '../../etc/passwd',
  "'; DROP TABLE speakers; --",
  'a\u0000b',
  'ünïcödé ☃',
  '\ud800',
  '__proto__',
  'constructor',
  '%00',
  '<script>',
  'x'.repeat(100_000),
];

const FIELDS = ['content', 'url', 'speakerId', 'speakerIds', 'sampleRate', 'channels'];

function* oddFields(): Generator<Malformed> {
  for (const field of FIELDS) {
    for (const [index, value] of ODD_VALUES.entries()) {
      const isCarrier = field === 'content' || field === 'url';
      const fields = { ...(isCarrier ? {} : { content: WAV.toString('base64') }), speakerId: 'ann', [field]: value };
      const call = field === 'speakerIds' ? 'identify' : 'enroll';
      const path = `${CONTRACT}/${call}?apikey={key}`;
      yield { name: `${field} odd ${index}`, method: 'POST', path, headers: JSON_TYPE, body: JSON.stringify(fields) };
    }
  }
}

const ODD_BODIES: readonly [name: string, body: string | Uint8Array, headers?: Record<string, string>][] = [
  ['nothing', ''],
  ['an open brace', '{'],
  ['an array', '[]'],
  ['null', 'null'],
  ['a number', '42'],
  ['a text', '"x"'],
  ['half a member', '{"speakerId":'],
  ['a byte order mark', '\ufeff{"speakerId":"ann"}x'],
  ['NULs', '\u0000\u0000'],
  ['a deep nest', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
  ['a deep member', `{"speakerId":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`],
  ['a prototype', '{"__proto__":{"speakerId":"ann"},"constructor":{"prototype":{}}}'],
  ['both content and url', '{"content":"AAAA","url":"http://example.org/","speakerId":"ann"}'],
  ['neither content nor url', '{"speakerId":"ann"}'],
  ['broken UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
  ['garbage said to be gzip', 'garbage', { 'content-encoding': 'gzip' }],
  ['garbage said to be brotli', 'garbage', { 'content-encoding': 'br' }],
  ['an unknown encoding', '{}', { 'content-encoding': 'zip' }],
  ['a foreign charset', '{}', { 'content-type': 'application/json; charset=utf-7' }],
  ['a form', 'speakerId=ann', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['multipart', '--x\r\n\r\n--x--', { 'content-type': 'multipart/form-data; boundary=x' }],
  ['XML', '<speaker/>', { 'content-type': 'text/xml' }],
  ['an odd content type', '{}', { 'content-type': ';;;===' }],
];

function* oddBodies(): Generator<Malformed> {
  for (const call of ['enroll', 'identify', 'delete']) {
    for (const [name, body, headers = JSON_TYPE] of ODD_BODIES) {
      yield { name: `${call}: ${name}`, method: 'POST', path: `${CONTRACT}/${call}?apikey={key}`, headers, body };
    }
  }
}

const brokenAudio: readonly [name: string, bytes: Uint8Array][] = [
  ['no bytes', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['text', Buffer.from('this is no audio at all, only a sentence. '.repeat(50))],
  ['zeros', Buffer.alloc(5000)],
  ['a WAV without samples', wav(16_000, 1, 0)],
  ['a WAV cut in its header', WAV.subarray(0, 30)],
  ['a WAV cut in its samples', WAV.subarray(0, 1000)],
  ['a WAV at 0 Hz', wav(0, 1, 100)],
  ['a WAV at 4 GHz', wav(4_000_000_000, 1, 100, 8)],
  ['a WAV without channels', wav(16_000, 0, 100)],
  ['a WAV of 65,535 channels', wav(16_000, 65_535, 1, 8)],
  ['a WAV of 0 bits', wav(16_000, 1, 100, 0)],
  ['a FLAC name and no FLAC', Buffer.concat([Buffer.from('fLaC'), Buffer.alloc(500, 7)])],
  ['an Ogg name and no Ogg', Buffer.concat([Buffer.from('OggS'), Buffer.alloc(500, 7)])],
  ['an MP3 name and no MP3', Buffer.concat([Buffer.from('ID3'), Buffer.alloc(500, 7)])],
  ['an MP4 name and no MP4', Buffer.concat([Buffer.from('\0\0\0\x18ftypisom'), Buffer.alloc(500, 7)])],
  ['a WebM name and no WebM', Buffer.concat([Buffer.from([0x1a, 0x45, 0xdf, 0xa3]), Buffer.alloc(500, 7)])],
  ['an image', Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(500, 7)])],
  ['a program', Buffer.concat([Buffer.from('\x7fELF', 'latin1'), Buffer.alloc(500, 7)])],
];

function* oddAudio(): Generator<Malformed> {
  for (const [name, bytes] of brokenAudio) {
    const query = `apikey={key}&speakerId=ann`;
    const raw = { 'content-type': 'audio/wav' };
    const content = Buffer.from(bytes).toString('base64');
    const enroll = JSON.stringify({ content, speakerId: 'ann', encoding: 'FLAC' });
    yield { name: `${name} as body`, method: 'POST', path: `${CONTRACT}/identify?${query}`, headers: raw, body: bytes };
    yield {
      name: `${name} as content`,
      method: 'POST',
      path: `${CONTRACT}/enroll?${query}`,
      headers: JSON_TYPE,
      body: enroll,
    };
  }
}

const ODD_TARGETS = [
  `${CONTRACT}/enroll?apikey={key}`,
  `${CONTRACT}/enroll?apikey={key}&speakerId=`,
  `${CONTRACT}/enroll?apikey={key}&speakerId=%00`,
  `${CONTRACT}/enroll?apikey={key}&speakerId=%`,
  `${CONTRACT}/enroll?apikey={key}&speakerId=a&speakerId=b`,
  `${CONTRACT}/enroll?apikey={key}&speakerId[]=a`,
  `${CONTRACT}/enroll?apikey={key}&__proto__[x]=1&speakerId=__proto__`,
  `${CONTRACT}/enroll?apikey={key}&speakerId=${'x'.repeat(5000)}`,
  `${CONTRACT}/enroll?apikey={key}&apikey=other`,
  `${CONTRACT}/enroll?&&==&`,
  `${CONTRACT}/get_enrolled_speakers?apikey={key}&getAllSpeakers=maybe`,
  `${CONTRACT}/get_enrolled_speakers/?apikey={key}&getAllSpeakers=1e9`,
  `${CONTRACT}/`,
  `${CONTRACT}//enroll?apikey={key}`,
  `${CONTRACT}/%2e%2e/enroll?apikey={key}`,
  `${CONTRACT}/enroll%00?apikey={key}`,
  `${CONTRACT}/%E0%A4%A?apikey={key}`,
  '/audio/generic/api/v3/sync/diarization/enroll?apikey={key}',
  '/audio/generic/api/v2/async/nothing?apikey={key}',
  '/audio/generic/api?apikey={key}',
  '/v1/speakers/%E0%A4%A?apikey={key}',
  '/v1/speakers/a%2Fb?apikey={key}',
  '/v1/speakers/__proto__?apikey={key}',
  '/v1/speakers/constructor?apikey={key}',
  `/v1/speakers/${'x'.repeat(5000)}?apikey={key}`,
  '/v1/speakers/a/b/c?apikey={key}',
  '/v1/speakers/a/samples?apikey={key}',
  '/v1/identify?apikey={key}',
];

function* oddTargets(): Generator<Malformed> {
  for (const path of ODD_TARGETS) yield { name: `GET ${path.slice(0, 90)}`, method: 'GET', path };
  for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'LOCK']) {
    for (const call of ['enroll', 'delete', 'get_enrolled_speakers', 'identify']) {
      yield { name: `${method} ${call}`, method, path: `${CONTRACT}/${call}?apikey={key}` };
    }
    if (method !== 'PATCH' && method !== 'DELETE') {
      yield { name: `${method} a speaker`, method, path: '/v1/speakers/ann?apikey={key}' };
    }
  }
  for (const body of ['', '{}', '{"name":""}', '{"name":[]}', '{"name":"x"}', `{"name":"${'x'.repeat(300)}"}`]) {
    yield {
      name: `rename ${body.slice(0, 20)}`,
      method: 'PATCH',
      path: '/v1/speakers/ann?apikey={key}',
      headers: JSON_TYPE,
      body,
    };
  }
}

const ODD_URLS = [
  'http://127.0.0.1/',
  'http://[::1]/',
  'http://localhost:1/',
  'http://169.254.169.254/latest/meta-data',
  'http://0/',
  'http://1.2.3.4.5/',
  'http://%ff@localhost/',
  'http://user:pass@10.0.0.1/',
  'https://[::ffff:7f00:1]/',
  'file:///etc/passwd',
  'ftp://example.org/a.wav',
  'javascript:alert(1)',
  'data:audio/wav;base64,AAAA',
  'http:example',
  'http://',
  '//example.org/',
  `http://${'a'.repeat(300)}.invalid/`,
  `http://localhost/${'a'.repeat(8100)}`,
];

function* oddUrls(): Generator<Malformed> {
  for (const [index, url] of ODD_URLS.entries()) {
    const body = JSON.stringify({ url });
    yield {
      name: `url odd ${index}`,
      method: 'POST',
      path: `${CONTRACT}/identify?apikey={key}`,
      headers: JSON_TYPE,
      body,
    };
  }
}

export const malformed: readonly Malformed[] = [
  ...oddFields(),
  ...oddBodies(),
  ...oddAudio(),
  ...oddTargets(),
  ...oddUrls(),
];

/** Bytes on the wire that are hardly HTTP. */
export const brokenWire: readonly [name: string, bytes: string][] = [
  ['garbage', 'GARBAGE\r\n\r\n'],
  ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'.padEnd(200, '\x07')],
  ['no host', `GET ${CONTRACT}/enroll HTTP/1.1\r\n\r\n`],
  ['a negative length', `POST ${CONTRACT}/enroll HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n`],
  [
    'two lengths',
    `POST ${CONTRACT}/enroll HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef`,
  ],
  [
    'length and chunks',
    `POST ${CONTRACT}/enroll HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'a bad chunk',
    `POST ${CONTRACT}/delete?apikey={key} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n`,
  ],
  ['a head without end', `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(100_000)}\r\n\r\n`],
  ['a NUL in a header', `GET / HTTP/1.1\r\nhost: x\r\nx-a: \0\r\n\r\n`],
  ['an absolute target', `GET http://[/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`],
  ['a target of one star', `OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`],
  ['CONNECT', `CONNECT 10.0.0.1:80 HTTP/1.1\r\nhost: x\r\n\r\n`],
  ['an upgrade', `GET /v1/speakers HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n`],
];
