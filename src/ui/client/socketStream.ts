import type { EnrollResult } from '../../core/identification.js';
import type { SpeakerEvent } from '../../events/speakerEvent.js';
import { Refused } from './refused.js';
import type { EnrolUnknown, LiveStream, StreamOptions } from './voicesClient.js';

interface SocketStreamOptions extends StreamOptions {
  readonly base: string;
  readonly apiKey: string | undefined;
}

/** What the server sends; see docs/live-streams.md. */
type ServerMessage = { readonly seq?: number } & (
  | { readonly type: 'ready'; readonly sessionId: string; readonly resumeToken: string; readonly position: number }
  | { readonly type: 'ack'; readonly position: number }
  | { readonly type: 'event'; readonly event: SpeakerEvent }
  | { readonly type: 'enrolled'; readonly id: string; readonly result: EnrollResult }
  | { readonly type: 'refused'; readonly id: string; readonly code: string; readonly message: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  | { readonly type: 'ended' | 'pong' }
);

/** Time between attempts to come back; the server keeps the session for half a minute. */
const RETRY_MS = 1_000;
/** Messages after which they are acknowledged. */
const ACK_EVERY = 20;
/** From here on a close code is the server's own reason. */
const FIRST_OWN_CODE = 4000;

/** A live stream over WebSocket that resumes its session after a broken connection. */
export function openSocketStream(options: SocketStreamOptions): LiveStream {
  const stream = new SocketStream(options);
  stream.connect();
  return stream;
}

class SocketStream implements LiveStream {
  readonly #options: SocketStreamOptions;
  /** What the server has not acknowledged, from sample `#base` on. */
  #held: ArrayBuffer[] = [];
  #base = 0;
  #lastSeq = 0;
  #session: { readonly sessionId: string; readonly resumeToken: string } | undefined;
  #socket: WebSocket | undefined;
  #isOpen = false;
  #isEnding = false;
  #isOver = false;
  #lastCommand = 0;
  readonly #commands = new Map<string, { done(result: EnrollResult): void; refuse(reason: Refused): void }>();

  constructor(options: SocketStreamOptions) {
    this.#options = options;
  }

  connect(): void {
    if (this.#isOver) return;
    const { base, apiKey, sampleRateHz, site, onStatus } = this.#options;
    const address = new URL(`${base}/v1/stream`, location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address);
    this.#socket = socket;
    onStatus({ state: 'connecting' });
    socket.onopen = () => {
      const key = apiKey === undefined ? {} : { apiKey };
      const first = this.#session
        ? { type: 'resume', ...key, ...this.#session, lastSeq: this.#lastSeq }
        : { type: 'hello', ...key, encoding: 's16le', sampleRate: sampleRateHz, site };
      socket.send(JSON.stringify(first));
    };
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data as string) as ServerMessage);
    socket.onclose = ({ code, reason }) => this.#closed(socket, code, reason);
  }

  push(samples: ArrayBuffer): void {
    if (this.#isEnding || this.#isOver) return;
    this.#held.push(samples);
    if (this.#isOpen) this.#socket?.send(samples);
  }

  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (this.#isOpen) this.#socket?.send('{"type":"end"}');
    else if (this.#session === undefined) this.close();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket?.close();
    this.#refuseCommands();
    this.#options.onStatus({ state: 'ended' });
  }

  enrolUnknown(request: EnrolUnknown): Promise<EnrollResult> {
    this.#lastCommand += 1;
    const id = String(this.#lastCommand);
    return new Promise((done, refuse) => {
      if (!this.#isOpen) return refuse(streamOver());
      this.#commands.set(id, { done, refuse });
      this.#socket?.send(JSON.stringify({ type: 'enroll', id, ...request }));
    });
  }

  #closed(socket: WebSocket, code: number, reason: string): void {
    if (this.#isOver || socket !== this.#socket) return;
    this.#isOpen = false;
    if (code === 1000 || code >= FIRST_OWN_CODE) {
      this.#isOver = true;
      this.#refuseCommands();
      this.#options.onStatus(code === 1000 ? { state: 'ended' } : { state: 'failed', message: reason });
      return;
    }
    this.#options.onStatus({ state: 'retrying' });
    setTimeout(() => this.connect(), RETRY_MS);
  }

  #receive(message: ServerMessage): void {
    if (message.seq !== undefined) {
      if (message.seq <= this.#lastSeq) return;
      this.#lastSeq = message.seq;
      if (message.seq % ACK_EVERY === 0) this.#socket?.send(JSON.stringify({ type: 'ack', seq: message.seq }));
    }
    switch (message.type) {
      case 'ready':
        this.#resume(message);
        break;
      case 'ack':
        this.#release(message.position);
        break;
      case 'event':
        this.#options.onEvent(message.event);
        break;
      case 'enrolled':
        this.#commands.get(message.id)?.done(message.result);
        this.#commands.delete(message.id);
        break;
      case 'refused':
        this.#commands.get(message.id)?.refuse(new Refused(422, message.code, message.message));
        this.#commands.delete(message.id);
        break;
      case 'failed':
        this.#isOver = true;
        this.#refuseCommands();
        this.#options.onStatus({ state: 'failed', message: message.message });
        break;
    }
  }

  #resume({ position, ...session }: { sessionId: string; resumeToken: string; position: number }): void {
    this.#session = { sessionId: session.sessionId, resumeToken: session.resumeToken };
    this.#release(position);
    const skippedBytes = (position - this.#base) * 2;
    for (const [index, buffer] of this.#held.entries()) {
      this.#socket?.send(index === 0 ? buffer.slice(skippedBytes) : buffer);
    }
    this.#isOpen = true;
    this.#options.onStatus({ state: 'open' });
    if (this.#isEnding) this.#socket?.send('{"type":"end"}');
  }

  /** What has arrived need not be kept. */
  #release(position: number): void {
    for (let first = this.#held[0]; first !== undefined; first = this.#held[0]) {
      const samples = first.byteLength / 2;
      if (this.#base + samples > position) return;
      this.#base += samples;
      this.#held.shift();
    }
  }

  #refuseCommands(): void {
    for (const { refuse } of this.#commands.values()) refuse(streamOver());
    this.#commands.clear();
  }
}

const streamOver = () => new Refused(0, 'STREAM_OVER', 'the live stream has ended; begin again');
