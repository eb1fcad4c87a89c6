import { createSocket, type Socket } from 'node:dgram';

export interface RawRequest {
  readonly method: string;
  readonly branch?: string;
  readonly callId?: string;
  readonly from?: string;
  /** User of the request; none where empty. */
  readonly to?: string;
  readonly toTag?: string;
  readonly cseq?: number;
  readonly headers?: readonly string[];
  readonly body?: string;
}

export const OFFER = (port: number, codecs = '0'): string =>
  [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio ${port} RTP/AVP ${codecs}`,
    '',
  ].join('\r\n');

/** SIP word for word, over a socket that may leave answers out: what no telephone would do. */
export class RawSip implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #to: number;
  readonly received: string[] = [];

  private constructor(socket: Socket, to: number) {
    this.#socket = socket;
    this.#to = to;
    socket.on('message', (bytes) => this.received.push(bytes.toString('utf8')));
  }

  static open(to: number): Promise<RawSip> {
    const socket = createSocket('udp4');
    return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(new RawSip(socket, to))));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(request: RawRequest): void {
    const {
      method,
      branch = `z9hG4bK${Math.random()}`,
      callId = `${Math.random()}`,
      from = 'raw',
      to = 'whoever',
      toTag,
      cseq = 1,
    } = request;
    const { headers = [], body = '' } = request;
    this.sendBytes(
      [
        `${method} sip:${to ? `${to}@` : ''}127.0.0.1:${this.#to} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${this.port};branch=${branch};rport`,
        `From: <sip:${from}@127.0.0.1>;tag=raw`,
        `To: <sip:whoever@127.0.0.1>${toTag ? `;tag=${toTag}` : ''}`,
        `Call-ID: ${callId}`,
        `CSeq: ${cseq} ${method}`,
        `Contact: <sip:${from}@127.0.0.1:${this.port}>`,
        'Max-Forwards: 70',
        ...(body && !headers.some((header) => /^content-type:/i.test(header)) ? ['Content-Type: application/sdp'] : []),
        ...headers,
        `Content-Length: ${Buffer.byteLength(body)}`,
        '',
        body,
      ].join('\r\n'),
    );
  }

  sendBytes(bytes: string | Buffer, port = this.#to): void {
    this.#socket.send(bytes, port, '127.0.0.1');
  }

  /** The first message that matches and was not taken before. */
  async hears(pattern: RegExp): Promise<string> {
    for (;;) {
      const at = this.received.findIndex((message) => pattern.test(message));
      if (at >= 0) return this.received.splice(at, 1)[0]!;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Sends a request as a telephone does, again and again since datagrams get lost, until its final answer comes. */
  async asks(request: RawRequest & { readonly branch: string }): Promise<string> {
    const isAnswer = (message: string) =>
      /^SIP\/2.0 [2-6]/.test(message) && message.includes(`branch=${request.branch};`);
    for (let waits = 0; ; waits += 1) {
      if (waits % 20 === 0) this.send(request);
      const answer = this.received.find(isAnswer);
      if (answer !== undefined) return answer;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** How often that has come and was not taken. */
  count(pattern: RegExp): number {
    return this.received.filter((message) => pattern.test(message)).length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}

export const toTagOf = (response: string): string => /^To:.*;tag=([^\s;]+)/im.exec(response)?.[1] ?? '';

/** An answer to a request of ours, word for word. */
export const answerTo = (
  request: string,
  status: string,
  { body = '', headers = [] as readonly string[] } = {},
): string => {
  const copied = request.split('\r\n').filter((line) => /^(via|from|call-id|cseq):/i.test(line));
  const to = /^To:[^\r\n]*/im.exec(request)?.[0] ?? 'To: <sip:x@127.0.0.1>';
  return [
    `SIP/2.0 ${status}`,
    ...copied,
    /;tag=/.test(to) ? to : `${to};tag=peer`,
    ...(body ? ['Content-Type: application/sdp'] : []),
    ...headers,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
};
