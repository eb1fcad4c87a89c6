// SIP messages, descriptions and packets as no telephone writes them: made of right ones by a seeded generator, so that
// what once went wrong can be had again.

const WORDS = [
  ...[
    ';tag=',
    '<',
    '>',
    '"',
    '\\',
    '\0',
    ',',
    ':',
    '@',
    '[::1]',
    '%',
    '%zz',
    'é',
    '😀',
    ' ',
    '\t',
    '\r\n',
    '\r\n ',
    '\r\n\r\n',
  ],
  ...[
    'sip:',
    'sips:',
    'tel:',
    'SIP/2.0',
    ';rport',
    ';received=',
    ';branch=z9hG4bK',
    ';transport=tcp',
    ';lr',
    ';maddr=',
    '*',
  ],
  ...[
    'Content-Length: 9999999',
    'Content-Length: -1',
    'Expires: 0',
    'Expires: 99999999999',
    'Require: x',
    '__proto__: 1',
  ],
  ...[
    'Contact: *',
    'Content-Type: multipart/mixed;boundary=x',
    'Content-Encoding: gzip',
    'Session-Expires: 1',
    'RAck: 1 1 INVITE',
  ],
  ...[
    'v=0',
    'c=IN IP4 1',
    'c=IN IP6 ::',
    'm=audio 70000 RTP/AVP 0',
    'a=inactive',
    'a=sendonly',
    'a=rtpmap:0 1/2/3',
    'a=crypto:1 x y',
  ],
];
const NUMBERS = [
  '0',
  '-1',
  '1',
  '255',
  '65535',
  '65536',
  '99999',
  '4294967296',
  '99999999999999999999',
  '1e309',
  'NaN',
  '',
];

export const DESCRIPTION = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  'b=AS:84',
  't=0 0',
  'm=audio 40000 RTP/AVP 96 0 8 9 13 101',
  'a=rtpmap:96 opus/48000/2',
  'a=fmtp:96 useinbandfec=1;maxptime=20',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:13 CN/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-16',
  'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:32',
  'a=ptime:20',
  'a=rtcp-mux',
  'a=candidate:1 1 UDP 2130706431 127.0.0.1 40000 typ host',
  'a=sendrecv',
  'm=video 40002 RTP/AVP 97',
  'a=rtpmap:97 H264/90000',
  '',
].join('\r\n');

/** A whole message. @param call `{ port, callId, toTag, cseq, branch, body }`, each as it is right for the endpoint */
export function rightMessage(method, { port, callId, toTag = '', cseq = 1, branch, body = '' }) {
  return [
    `${method} sip:x@127.0.0.1 SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${branch};rport`,
    'Record-Route: <sip:127.0.0.1;lr>',
    'Max-Forwards: 70',
    'From: "A \\"B\\"" <sip:raw@127.0.0.1>;tag=raw',
    `To: <sip:whoever@127.0.0.1>${toTag ? `;tag=${toTag}` : ''}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:raw@127.0.0.1:${port};transport=udp>;expires=60`,
    'Supported: 100rel, timer',
    'P-Asserted-Identity: <sip:raw@127.0.0.1>',
    ...(method === 'REFER' ? ['Refer-To: <sip:y@127.0.0.1>'] : []),
    ...(method === 'NOTIFY' || method === 'SUBSCRIBE' ? ['Event: refer'] : []),
    ...(body ? ['Content-Type: application/sdp', 'Content-Disposition: session'] : []),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

export class Mutations {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** 0 to below. */
  random(below) {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * below);
  }

  pick(items) {
    return items[this.random(items.length)];
  }

  bytes(length) {
    return Buffer.from(Array.from({ length }, () => this.random(256)));
  }

  /** A text with one to four things wrong. */
  text(right) {
    let text = right;
    for (let i = this.random(4); i >= 0; i -= 1) text = this.#wrong(text);
    return text;
  }

  /** A packet of bytes with one to four things wrong. */
  packet(right) {
    const bytes = Buffer.from(right);
    for (let i = this.random(4); i >= 0; i -= 1)
      if (bytes.length > 0) bytes[this.random(bytes.length)] = this.random(256);
    return this.random(4) === 0 ? bytes.subarray(0, this.random(bytes.length + 1)) : bytes;
  }

  /** What may come to an audio port: RTP, RTCP, STUN, DTLS, and nothing of these. */
  rtp(payloadTypes, sequence) {
    const kind = this.random(8);
    if (kind === 0) return this.bytes(this.random(100));
    const head = this.bytes(12);
    head[0] = kind === 1 ? this.random(256) : 0x80;
    head[1] = kind === 2 ? 200 + this.random(8) : this.pick(payloadTypes);
    head.writeUInt16BE(this.random(20) === 0 ? this.random(65_536) : sequence & 0xffff, 2);
    head.writeUInt32BE((this.random(20) === 0 ? this.random(2 ** 32) : sequence * 160) >>> 0, 4);
    head.writeUInt32BE(this.random(50) === 0 ? this.random(2 ** 32) : 7, 8);
    if (kind === 3) return Buffer.concat([Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]), this.bytes(12)]);
    if (kind === 4) return Buffer.concat([Buffer.from([22, 254, 253]), this.bytes(60)]);
    const length = this.random(30) === 0 ? this.random(60_000) : this.random(400);
    return Buffer.concat([head, this.bytes(length)]);
  }

  #wrong(text) {
    const at = this.random(text.length + 1);
    const lines = text.split('\r\n');
    switch (this.random(9)) {
      case 0:
        return text.slice(0, at) + text.slice(at + this.random(20));
      case 1:
        return text.slice(0, at) + this.pick(WORDS) + text.slice(at);
      case 2:
        return text.slice(0, at);
      case 3:
        lines.splice(this.random(lines.length), 0, this.pick(lines));
        return lines.join('\r\n');
      case 4:
        lines.splice(this.random(lines.length), 1);
        return lines.join('\r\n');
      case 5:
        lines.splice(this.random(lines.length), 0, ...Array(this.random(60)).fill(this.pick(lines)));
        return lines.join('\r\n');
      case 6: {
        const numbers = [...text.matchAll(/\d+/g)];
        const found = numbers.length > 0 ? this.pick(numbers) : undefined;
        if (!found) return text;
        return text.slice(0, found.index) + this.pick(NUMBERS) + text.slice(found.index + found[0].length);
      }
      case 7:
        return text.slice(0, at) + String.fromCharCode(this.random(300)) + text.slice(at + 1);
      default:
        return text.slice(0, at) + this.pick(WORDS).repeat(this.random(50)) + text.slice(at);
    }
  }
}
