import { randomBytes } from 'node:crypto';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { VoicePrintsError } from '../../../core/errors.js';
import type { RtspSource } from '../../../core/liveSource.js';
import { HttpAuthorization } from '../httpAuthorization.js';
import { lost, noAudio, unreachable } from '../liveErrors.js';
import { bytesOf, headerOf, headersOf, type RtspMessage, RtspReader, withHeaders } from './rtspParts.js';
import { failureOfStatus } from './rtspStatus.js';
import { soundOnly } from './soundOnly.js';

const DEFAULT_PORT = { 'rtsp:': 554, 'rtsps:': 322 } as const;

/**
 * Stands between GStreamer's RTSP client and a device, on loopback, for one connection. It alone knows user, password
 * and path, so that none of them stands in an argument list; it answers challenges, leaves pictures out, tells status
 * codes apart, and takes its leave of the device, since some hold a seat for everybody who just vanishes.
 */
export class RtspRelay implements AsyncDisposable {
  readonly #source: RtspSource;
  readonly #authorization: HttpAuthorization | undefined;
  #location = '';
  /** Whether the connection proved that it is our child's, by naming the location. */
  #isOurs = false;
  readonly #server: Server;
  #device: Socket | undefined;
  #client: Socket | undefined;
  /** Requests that the device has not answered, by CSeq. */
  readonly #asked = new Map<string, RtspMessage>();
  #session: string | undefined;
  #failure: VoicePrintsError | undefined;
  #clockRateHz: number | undefined;
  #encoding: string | undefined;

  private constructor(source: RtspSource) {
    this.#source = source;
    this.#authorization = source.credentials && new HttpAuthorization(source.credentials);
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Throws INPUT_INVALID. */
  static async open(source: RtspSource): Promise<RtspRelay> {
    if (!/^rtsps?:\/\//i.test(source.url) || !URL.canParse(source.url)) {
      throw new VoicePrintsError('INPUT_INVALID', 'the address is no rtsp address; write it as rtsp://host:port/path');
    }
    const relay = new RtspRelay(source);
    await new Promise<void>((resolve, reject) => {
      relay.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    const { port } = relay.#server.address() as AddressInfo;
    relay.#location = `rtsp://127.0.0.1:${port}/${randomBytes(12).toString('hex')}`; // nobody else guesses it
    relay.#server.on('error', () => undefined); // of accepting: GStreamer then says that it cannot connect
    return relay;
  }

  /** What GStreamer is told to open: says nothing about the device. */
  get location(): string {
    return this.#location;
  }

  /** Why the device could not be had, once it is known. */
  get failure(): VoicePrintsError | undefined {
    return this.#failure;
  }

  /** Name of the audio's encoding and rate of its clock, once the device has told. */
  get audio(): { readonly encoding: string | undefined; readonly clockRateHz: number | undefined } {
    return { encoding: this.#encoding, clockRateHz: this.#clockRateHz };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) this.#server.close();
    this.#client?.destroy();
    const device = this.#device;
    if (!device || device.destroyed) return;
    if (this.#session) device.write(bytesOf(this.#teardown(this.#session)));
    device.end();
    const timer = setTimeout(() => device.destroy(), 200);
    await new Promise((resolve) => device.once('close', resolve));
    clearTimeout(timer);
  }

  #accept(client: Socket): void {
    this.#server.close(); // nobody else on this machine gets in
    this.#client = client;
    const { protocol, hostname, port } = new URL(this.#source.url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const isTls = protocol === 'rtsps:';
    const at = { host, port: Number(port) || DEFAULT_PORT[isTls ? 'rtsps:' : 'rtsp:'] };
    const device = isTls ? connectTls({ ...at, servername: host }) : connectTcp(at);
    this.#device = device;
    let isConnected = false;
    device.once(isTls ? 'secureConnect' : 'connect', () => {
      isConnected = true;
    });
    device.setNoDelay(true).setKeepAlive(true, 10_000);
    device.on('error', (cause) => {
      this.#fail(
        isConnected
          ? lost('the connection to the device broke', cause)
          : unreachable('the device does not answer', cause),
      );
    });
    client.on('error', () => undefined); // GStreamer was ended
    device.on('close', () => client.destroySoon());
    client.on('close', () => {
      if (device.connecting) device.destroy();
    });
    this.#read(
      client,
      new RtspReader(),
      (message) => this.#ask(message),
      (bytes) => device.write(bytes),
    );
    this.#read(
      device,
      new RtspReader(),
      (message) => this.#answer(message),
      (bytes) => client.write(bytes),
    );
  }

  #read(
    socket: Socket,
    reader: RtspReader,
    onMessage: (message: RtspMessage) => void,
    onPacket: (bytes: Buffer) => void,
  ): void {
    socket.on('data', (chunk) => {
      try {
        for (const part of reader.push(chunk)) part.kind === 'packet' ? onPacket(part.bytes) : onMessage(part.message);
      } catch (cause) {
        this.#fail(unreachable('what answers at this address does not speak RTSP', cause));
        socket.destroy();
      }
    });
  }

  /** A request of GStreamer's, to the device. */
  #ask(message: RtspMessage): void {
    this.#isOurs ||= message.startLine.includes(this.#location);
    if (!this.#isOurs) return void this.#client?.destroy(); // another program that tried the port
    const request = mapped(message, this.location, this.#source.url);
    const [method = '', uri = ''] = request.startLine.split(' ');
    const sequence = headerOf(request, 'CSeq');
    if (sequence !== undefined) this.#asked.set(sequence, request);
    const authorization = this.#authorization?.header(method, uri);
    this.#device?.write(bytesOf(authorization ? withHeaders(request, { Authorization: authorization }) : request));
  }

  /** An answer of the device, to GStreamer; or a request of its own, as some send. */
  #answer(message: RtspMessage): void {
    const [, code] = /^RTSP\/\S+ (\d{3})/.exec(message.startLine) ?? [];
    const sequence = headerOf(message, 'CSeq') ?? '';
    const request = this.#asked.get(sequence);
    const status = Number(code);
    if (code === undefined || !request) this.#pass(message);
    else if (status === 401 && this.#authorization?.challenged(headersOf(message, 'WWW-Authenticate'))) {
      this.#ask(request);
    } else this.#answered(message, status, request, sequence);
  }

  #answered(message: RtspMessage, status: number, request: RtspMessage, sequence: string): void {
    this.#asked.delete(sequence);
    const [method = ''] = request.startLine.split(' ');
    if (status >= 300) this.#fail(failureOfStatus(status, method, this.#source));
    this.#session = headerOf(message, 'Session')?.split(';')[0] ?? this.#session;
    this.#pass(this.#adapted(message, method));
  }

  #pass(message: RtspMessage): void {
    this.#client?.write(bytesOf(mapped(message, this.#source.url, this.location)));
  }

  #adapted(message: RtspMessage, method: string): RtspMessage {
    if (method === 'DESCRIBE' && message.body.length > 0) return this.#withoutPictures(message);
    const transport = headerOf(message, 'Transport');
    // Over UDP reports go to where the connection leads, which would be us.
    if (method !== 'SETUP' || !transport || !/server_port/.test(transport) || /source=/.test(transport)) return message;
    return withHeaders(message, { Transport: `${transport};source=${this.#device?.remoteAddress}` });
  }

  #withoutPictures(message: RtspMessage): RtspMessage {
    const sound = soundOnly(message.body.toString('utf8'));
    if (!sound) {
      this.#fail(noAudio('the device sends no sound'));
      return message;
    }
    this.#encoding = sound.encoding;
    this.#clockRateHz = sound.clockRateHz;
    return { ...message, body: Buffer.from(sound.sdp) };
  }

  /** The first reason is the one. */
  #fail(error: VoicePrintsError): void {
    this.#failure ??= error;
    this.#client?.destroySoon();
  }

  #teardown(session: string): RtspMessage {
    const url = this.#source.url;
    const authorization = this.#authorization?.header('TEARDOWN', url);
    const message = {
      startLine: `TEARDOWN ${url} RTSP/1.0`,
      headers: [
        ['CSeq', '99999'],
        ['Session', session],
      ] as const,
      body: Buffer.alloc(0),
    };
    return authorization ? withHeaders(message, { Authorization: authorization }) : message;
  }
}

/** The message with every address that begins with `from` beginning with `to`; lengths set right. */
function mapped(message: RtspMessage, from: string, to: string): RtspMessage {
  const map = (text: string) => text.replaceAll(from, to);
  const body = Buffer.from(map(message.body.toString('latin1')), 'latin1');
  const headers = message.headers.map(([name, value]) => [name, map(value)] as const);
  const changed = { ...message, startLine: map(message.startLine), headers, body };
  return body.length > 0 ? withHeaders(changed, { 'Content-Length': `${body.length}` }) : changed;
}
