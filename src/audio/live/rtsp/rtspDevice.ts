import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { guarded } from '../../../core/guarded.js';
import type { HttpAuthorization } from '../httpAuthorization.js';
import { bytesOf, headerOf, headersOf, type RtspMessage, RtspReader, statusOf, without } from './rtspParts.js';

/** A request to a device. */
export interface DeviceRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: RtspMessage['headers'];
  readonly body: Buffer;
}

/** What becomes of a connection. Each is called in the order of the bytes. */
export interface DeviceEvents {
  onPacket(bytes: Buffer): void;
  /** Nothing more will come. */
  onClosed(): void;
  /** The first reason why it is over: it could not be reached, it broke, or it does not speak RTSP. */
  onFailure(kind: DeviceFailure, cause: unknown): void;
}

export type DeviceFailure = 'unreachable' | 'broken' | 'not RTSP';

interface Asked {
  readonly request: DeviceRequest;
  /** Challenges answered for it so far. */
  readonly challenges: number;
  readonly onAnswer: (answer: RtspMessage, status: number) => void;
}

/** After so many, the device only repeats that our answers are stale. */
const MAX_CHALLENGES = 3;
/** Keep-alive requests of a device: a few per minute at most. */
const MAX_UNASKED_PER_MINUTE = 120;
/** Limit of unsent data: a device that sends requests and never reads is disconnected. */
const MAX_UNSENT_BYTES = 1_048_576;

/** The connection to a device: numbers requests, answers challenges, and matches answers to requests. */
export class RtspDevice {
  readonly #socket: Socket;
  readonly #events: DeviceEvents;
  readonly #authorization: HttpAuthorization | undefined;
  readonly #asked = new Map<number, Asked>();
  readonly #reader = new RtspReader();
  #sequence = 0;
  #isConnected = false;
  #isOver = false;
  /** Unsolicited messages of the device since then. */
  #unaskedMessages = 0;
  #unaskedSinceMs = 0;

  /** @param socket on its way to the device; @param secure over it, for `rtsps` */
  constructor(
    socket: Socket,
    secure: TLSSocket | undefined,
    authorization: HttpAuthorization | undefined,
    events: DeviceEvents,
  ) {
    this.#events = events;
    this.#authorization = authorization;
    const whole = secure ?? socket;
    this.#socket = whole;
    const fail = (cause: unknown) => this.#fail(this.#isConnected ? 'broken' : 'unreachable', cause);
    whole.once(
      secure ? 'secureConnect' : 'connect',
      guarded(fail, () => {
        this.#isConnected = true;
        whole.setNoDelay(true).setKeepAlive(true, 10_000);
      }),
    );
    for (const one of new Set([socket, whole])) one.on('error', guarded(fail, fail));
    whole.on(
      'close',
      guarded(fail, () => events.onClosed()),
    );
    whole.on(
      'data',
      guarded(fail, (chunk: Buffer) => this.#read(chunk)),
    );
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  /** Sends a request, and again with credentials where the device requires them. */
  ask(request: DeviceRequest, onAnswer: Asked['onAnswer']): void {
    this.#ask({ request, onAnswer, challenges: 0 });
  }

  sendPacket(bytes: Buffer): void {
    this.#write(bytes);
  }

  /** Sends a request without waiting for the answer, then closes; at the latest after `patienceMs`. */
  async leave(last: DeviceRequest | undefined, patienceMs: number): Promise<void> {
    this.#isOver = true;
    if (this.#socket.destroyed) return;
    if (last) this.#write(this.#bytesOf(last, this.#sequence + 1));
    this.#socket.resume().end();
    const timer = setTimeout(() => this.#socket.destroy(), this.#isConnected ? patienceMs : 0);
    await new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    clearTimeout(timer);
  }

  /** What comes is left where it is until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #ask(asked: Asked): void {
    this.#sequence += 1;
    this.#asked.set(this.#sequence, asked);
    this.#write(this.#bytesOf(asked.request, this.#sequence));
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return;
    try {
      for (const part of this.#reader.push(chunk)) {
        if (this.#isOver) return;
        if (part.kind === 'packet') this.#events.onPacket(part.bytes);
        else this.#message(part.message);
      }
    } catch (cause) {
      this.#fail('not RTSP', cause);
    }
  }

  #message(message: RtspMessage): void {
    const status = statusOf(message);
    const sequence = this.#sequenceOf(message);
    const asked = status === undefined ? undefined : this.#asked.get(sequence);
    if (status === undefined || !asked || status < 200) return void this.#unasked(message, status === undefined);
    this.#asked.delete(sequence);
    const isChallenge =
      status === 401 &&
      asked.challenges < MAX_CHALLENGES &&
      this.#authorization?.challenged(headersOf(message, 'WWW-Authenticate'));
    if (isChallenge) this.#ask({ ...asked, challenges: asked.challenges + 1 });
    else asked.onAnswer(message, status);
  }

  /** A request, an unsolicited answer, or a keep-alive. */
  #unasked(message: RtspMessage, isRequest: boolean): void {
    if (performance.now() - this.#unaskedSinceMs > 60_000) {
      this.#unaskedMessages = 0;
      this.#unaskedSinceMs = performance.now();
    }
    this.#unaskedMessages += 1;
    if (this.#unaskedMessages > MAX_UNASKED_PER_MINUTE)
      this.#fail('broken', new Error('the device sends faster than its stream plays'));
    else if (isRequest) this.#obey(message);
  }

  /** Some devices forget or change the number: where one answer is awaited, it is this one. */
  #sequenceOf(message: RtspMessage): number {
    const named = Number(headerOf(message, 'CSeq') ?? Number.NaN);
    const [only] = this.#asked.size === 1 ? this.#asked.keys() : [];
    return this.#asked.has(named) ? named : (only ?? Number.NaN);
  }

  /** Devices send requests as well, mostly keep-alives (RFC 2326, 10). */
  #obey(message: RtspMessage): void {
    const [method = ''] = message.startLine.split(' ');
    const isKnown = /^(?:OPTIONS|GET_PARAMETER|SET_PARAMETER)$/.test(method);
    const sequence = headerOf(message, 'CSeq');
    this.#write(
      bytesOf({
        startLine: isKnown ? 'RTSP/1.0 200 OK' : 'RTSP/1.0 501 Not Implemented',
        headers: sequence === undefined ? [] : [['CSeq', sequence]],
        body: Buffer.alloc(0),
      }),
    );
  }

  #bytesOf({ method, uri, headers, body }: DeviceRequest, sequence: number): Buffer {
    const authorization = this.#authorization?.header(method, uri);
    return bytesOf({
      startLine: `${method} ${uri} RTSP/1.0`,
      headers: [
        ['CSeq', `${sequence}`],
        ...without(headers, ['CSeq', 'Authorization', 'Content-Length']),
        ...(authorization ? [['Authorization', authorization] as const] : []),
      ],
      body,
    });
  }

  #write(bytes: Buffer): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#socket.write(bytes);
    if (this.#isConnected && this.#socket.writableLength > MAX_UNSENT_BYTES) {
      this.#fail('broken', new Error('the device does not accept data'));
    }
  }

  #fail(kind: Parameters<DeviceEvents['onFailure']>[0], cause: unknown): void {
    this.#socket.destroy();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onFailure(kind, cause);
  }
}
