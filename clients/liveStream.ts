import { WebSocket } from 'ws';

/** One event of a stream, as in docs/events.md: `event_type` is its kind. */
export interface SpeakerEvent {
  event_type:
    | 'identified'
    | 'uncertain'
    | 'unknown'
    | 'rejected'
    | 'tentative'
    | 'relabel'
    | 'stream'
    | 'dropped'
    | 'degraded';
  speaker?: string | null;
  speaker_id?: string | null;
  /** `unknown-1`, `unknown-2` … for an unknown voice. */
  cluster?: string | null;
  /** Seconds of the stream. */
  start?: number;
  end?: number;
  score?: number;
  turn_id?: string;
}

interface StreamHello {
  sampleRate: number;
  site?: string;
  /** Only these people; everybody by default. */
  speakerIds?: string[];
  /** Also what is thought of a turn while it is spoken; true by default. */
  isTentative?: boolean;
}

interface Ready {
  sessionId: string;
  resumeToken: string;
  position: number;
}

/**
 * Sends live audio (16-bit samples, mono) to voice-prints over a WebSocket and gives its events. Where the connection
 * breaks it reconnects by itself: nothing is lost or received twice.
 *
 *     const stream = new LiveStream('ws://127.0.0.1:8080', 'your-key', { sampleRate: 16000, site: 'kitchen' });
 *     microphone.on('data', (samples: Buffer) => stream.write(samples));
 *     for await (const event of stream) if (event.event_type === 'identified') console.log(event.start, event.speaker);
 *
 * `end()` announces that no more audio comes; the loop ends after the last turn. Needs the npm package ws.
 */
export class LiveStream implements AsyncIterable<SpeakerEvent> {
  private socket!: WebSocket;
  private session: Ready | undefined;
  private isOpen = false;
  private isEnding = false;
  private lastSeq = 0;
  /** Audio that the server has not acknowledged, from sample `base` on. */
  private held: Buffer[] = [];
  private base = 0;
  private readonly events: SpeakerEvent[] = [];
  private result: { error?: Error } | undefined;
  private wake = () => {};

  private readonly server: string;
  private readonly key: string;
  private readonly hello: StreamHello;

  constructor(server: string, key: string, hello: StreamHello) {
    this.server = server;
    this.key = key;
    this.hello = hello;
    this.connect();
  }

  /** The next samples: 16 bits, little-endian, mono; whole samples. */
  write(samples: Buffer): void {
    this.held.push(samples);
    if (this.isOpen) this.socket.send(samples);
  }

  /** No more audio comes. */
  end(): void {
    this.isEnding = true;
    if (this.isOpen) this.send({ type: 'end' });
  }

  /** Makes a voiceprint of an unknown voice of this stream; by default the most recent one. */
  enroll(speakerId: string, options: { cluster?: string; name?: string } = {}): void {
    this.send({ type: 'enroll', id: `enroll-${speakerId}`, speakerId, ...options });
  }

  /** Simulates a network failure, for tests. */
  drop(): void {
    this.socket.terminate();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SpeakerEvent> {
    for (;;) {
      while (this.events.length > 0) yield this.events.shift()!;
      if (this.result?.error) throw this.result.error;
      if (this.result) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private connect(): void {
    const socket = new WebSocket(`${this.server}/v1/stream`, { headers: { authorization: `Bearer ${this.key}` } });
    this.socket = socket;
    socket.on('open', () => {
      const { session, lastSeq } = this;
      if (session) {
        this.send({ type: 'resume', sessionId: session.sessionId, resumeToken: session.resumeToken, lastSeq });
      } else this.send({ type: 'hello', encoding: 's16le', ...this.hello });
    });
    socket.on('message', (data) => this.receive(JSON.parse(data.toString())));
    socket.on('error', () => {}); // followed by close
    socket.on('unexpected-response', (_request, response) => this.finish(new Error(`HTTP ${response.statusCode}`)));
    socket.on('close', (code, reason) => {
      this.isOpen = false;
      if (code === 1000) this.finish();
      else if (code >= 4000) this.finish(new Error(`${code}: ${reason}`));
      else if (!this.result) setTimeout(() => this.connect(), 500);
    });
  }

  private receive(
    message: { type: string; seq?: number; position?: number; event?: SpeakerEvent } & Partial<Ready>,
  ): void {
    if (message.seq !== undefined) {
      if (message.seq !== this.lastSeq + 1) this.finish(new Error('messages were lost'));
      this.lastSeq = message.seq;
      this.send({ type: 'ack', seq: message.seq });
    }
    if (message.type === 'ready') this.begin(message as Ready);
    else if (message.type === 'ack') this.release(message.position!);
    else if (message.type === 'event') this.events.push(message.event!);
    this.wake();
  }

  /** Sends what the server does not have: all there is at first, the rest after a drop. */
  private begin(ready: Ready): void {
    this.session = ready;
    this.release(ready.position);
    const [first, ...rest] = this.held;
    if (first) this.socket.send(first.subarray(2 * (ready.position - this.base)));
    for (const samples of rest) this.socket.send(samples);
    this.isOpen = true;
    if (this.isEnding) this.send({ type: 'end' });
  }

  private release(position: number): void {
    while (this.held.length > 0 && this.base + this.held[0]!.length / 2 <= position) {
      this.base += this.held.shift()!.length / 2;
    }
  }

  private send(message: object): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private finish(error?: Error): void {
    this.result ??= error ? { error } : {};
    this.wake();
  }
}
