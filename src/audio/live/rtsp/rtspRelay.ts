import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { asVoicePrintsError, VoicePrintsError } from '../../../core/errors.js';
import { guarded } from '../../../core/guarded.js';
import type { RtspSource } from '../../../core/liveSource.js';
import { MediaReach } from '../../../net/mediaReach.js';
import { abortable } from '../../../stream/abortable.js';
import { HttpAuthorization } from '../httpAuthorization.js';
import { lost, noAudio, notFound } from '../liveErrors.js';
import { connectDevice, failureOfConnection } from './deviceConnection.js';
import { forwardedHeaders, isAnsweredForUdp, setUpHeaders } from './forwardedAnswer.js';
import { OneSource } from './oneSource.js';
import { aggregateAddresses, trackAddresses } from './rtspAddresses.js';
import type { DeviceRequest, RtspDevice } from './rtspDevice.js';
import { bytesOf, headerOf, type RtspMessage, RtspReader } from './rtspParts.js';
import { failureOfStatus, isOtherAddressWorthATry, OTHER_TRANSPORT } from './rtspStatus.js';
import { type SoundOnly, soundOnly } from './soundOnly.js';

const MAX_REDIRECTS = 3;
const LEAVE_MS = 200;
/** Packets of others, without one of ours between: minutes of an earlier session with pictures. */
const MAX_LEFT_OUT_BYTES = 33_554_432;
const NO_BODY: Buffer = Buffer.alloc(0);
/** Where these fail the stream continues, and our child is not informed. */
const MAY_FAIL = ['OPTIONS', 'GET_PARAMETER', 'SET_PARAMETER', 'PAUSE', 'TEARDOWN'];
const METHODS = 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN';
/**
 * Stands between GStreamer's RTSP client and a device, on loopback, for one connection. To the device it is a client
 * that knows user, password and path, so that none of them is in an argument list, and that is as tolerant of odd
 * addresses as ffmpeg and GStreamer; to GStreamer it is a device with one audio track at a random address. It
 * drops video, distinguishes status codes, and ends the session on the device, since some keep a slot for every client
 * who just vanishes.
 */
export class RtspRelay implements AsyncDisposable {
  readonly #source: RtspSource;
  readonly #reach: MediaReach;
  readonly #authorization: HttpAuthorization | undefined;
  readonly #server: Server;
  #location = '';
  /** Whether the connection proved that it is our child's, by naming the location. */
  #isOurs = false;
  #client: Socket | undefined;
  #device: RtspDevice | undefined;
  /** Where the device is, after redirects. */
  #url: string;
  #redirects = 0;
  #sound: SoundOnly | undefined;
  #onKnown: () => void = () => undefined;
  #tracks: readonly string[] = [];
  #aggregates: readonly string[] = [];
  #session: string | undefined;
  #failure: VoicePrintsError | undefined;
  #isOtherTransportWanted = false;
  readonly #packets = new OneSource();
  #leftOutBytes = 0;

  private constructor(source: RtspSource, allowHosts: readonly string[]) {
    this.#source = source;
    this.#url = source.url;
    this.#reach = new MediaReach(new URL(source.url), allowHosts);
    this.#authorization = source.credentials && new HttpAuthorization(source.credentials);
    this.#server = createServer(this.#guarded((client: Socket) => this.#accept(client)));
  }

  /** @param allowHosts of private networks, which a redirect may lead to. Throws INPUT_INVALID. */
  static async open(source: RtspSource, allowHosts: readonly string[]): Promise<RtspRelay> {
    if (!/^rtsps?:\/\//i.test(source.url) || !URL.canParse(source.url)) {
      throw new VoicePrintsError(
        'INPUT_INVALID',
        'the address is not an RTSP address; write it as rtsp://host:port/path',
      );
    }
    const relay = new RtspRelay(source, allowHosts);
    await new Promise<void>((resolve, reject) => {
      relay.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    const { port } = relay.#server.address() as AddressInfo;
    relay.#location = `rtsp://127.0.0.1:${port}/${randomBytes(12).toString('hex')}`; // cannot be guessed
    relay.#server.on('error', () => undefined); // of accepting: GStreamer then reports that it cannot connect
    return relay;
  }

  /** The address for GStreamer: contains nothing of the device. */
  get location(): string {
    return this.#location;
  }

  /** Why the device could not be had, once it is known. */
  get failure(): VoicePrintsError | undefined {
    return this.#failure;
  }

  /** Whether the device refused the way packets were to take: TCP or UDP. */
  get isOtherTransportWanted(): boolean {
    return this.#isOtherTransportWanted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) this.#server.close();
    this.#client?.destroy();
    const teardown: DeviceRequest = {
      method: 'TEARDOWN',
      uri: this.#aggregates[0] ?? this.#url,
      headers: [['Session', this.#session ?? '']],
      body: NO_BODY,
    };
    await this.#device?.leave(this.#session === undefined ? undefined : teardown, LEAVE_MS);
  }

  #guarded<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
    return guarded((thrown) => this.#fail(asVoicePrintsError(thrown)), callback);
  }

  /**
   * Requests the description of the device before anything is started for it. Throws LIVE_UNREACHABLE, LIVE_UNAUTHORIZED,
   * LIVE_NOT_FOUND, LIVE_NO_AUDIO, LIVE_LOST, URL_FORBIDDEN.
   */
  async describe(signal: AbortSignal): Promise<Pick<SoundOnly, 'encoding' | 'clockRateHz'>> {
    const known = new Promise<void>((resolve) => {
      this.#onKnown = resolve;
    });
    this.#device = this.#connected();
    const options = { method: 'OPTIONS', headers: [], body: NO_BODY };
    // Most clients begin with it; that a device does not like it means nothing.
    this.#request(options, [this.#url], () => this.#inquire());
    await abortable(known, signal);
    if (!this.#sound) throw this.#failure ?? lost('the device has closed the connection');
    return this.#sound;
  }

  #inquire(): void {
    const request = { method: 'DESCRIBE', headers: [['Accept', 'application/sdp']] as const, body: NO_BODY };
    this.#request(request, [this.#url], (answer, status, uri) => {
      const location = status < 400 ? headerOf(answer, 'Location') : undefined;
      if (status < 300) this.#described(answer, uri);
      else if (location !== undefined) this.#move(location);
      else this.#refused(status, 'DESCRIBE');
    });
  }

  #described(answer: RtspMessage, requestUrl: string): void {
    this.#sound = soundOnly(answer.body.toString('utf8'));
    if (!this.#sound) return void this.#fail(noAudio('the device sends no sound'));
    const { control, sessionControl } = this.#sound;
    const base = { contentBase: headerOf(answer, 'Content-Base') ?? headerOf(answer, 'Content-Location'), requestUrl };
    this.#tracks = trackAddresses({ ...base, control });
    this.#aggregates = aggregateAddresses(sessionControl, base, this.#tracks[0]!);
    this.#onKnown();
  }

  /** The stream is at another address (RFC 2326, 11.3): if the source may refer to that place, it is requested there. */
  #move(location: string): void {
    this.#redirects += 1;
    const isReadable = /^rtsps?:\/\//i.test(location) && URL.canParse(location.replace(/^rtsps?/i, 'http'));
    if (!isReadable || this.#redirects > MAX_REDIRECTS) {
      return void this.#fail(notFound('the stream has moved to an address that cannot be followed'));
    }
    const left = this.#device;
    this.#url = location;
    this.#device = this.#connected();
    void left?.leave(undefined, LEAVE_MS);
    this.#inquire();
  }

  #accept(client: Socket): void {
    this.#server.close(); // no second client is accepted
    this.#client = client;
    const reader = new RtspReader();
    client.on('error', () => undefined); // GStreamer was ended
    const left = (thrown: unknown) => {
      if (this.#isOurs) this.#fail(asVoicePrintsError(thrown));
      client.destroy();
    };
    client.on(
      'data',
      guarded(left, (chunk: Buffer) => {
        for (const part of reader.push(chunk)) {
          if (part.kind === 'packet') this.#device?.sendPacket(part.bytes);
          else this.#ask(part.message);
        }
      }),
    );
    client.on(
      'drain',
      this.#guarded(() => this.#device?.resume()),
    );
  }

  /** A request of GStreamer's. Some are answered here; the others are forwarded to the device. */
  #ask(message: RtspMessage): void {
    this.#isOurs ||= message.startLine.includes(this.#location);
    if (!this.#isOurs) return void this.#client?.destroy(); // another program that tried the port
    const [method = ''] = message.startLine.split(' ');
    if (method === 'DESCRIBE') this.#describe(message);
    else if (method === 'OPTIONS' && this.#session === undefined) this.#answer(message, [['Public', METHODS]]);
    else this.#forward(message, method);
  }

  #describe(message: RtspMessage): void {
    const headers = [['Content-Type', 'application/sdp'] as const, ['Content-Base', `${this.#location}/`] as const];
    const sdp = this.#sound?.sdp(`${this.#location}/sound`) ?? '';
    this.#answer(message, headers, Buffer.from(sdp));
  }

  #forward(message: RtspMessage, method: string): void {
    if (method === 'PLAY') this.#packets.playing();
    const { headers, body } = message;
    const addresses = method === 'SETUP' ? this.#tracks : this.#aggregates;
    this.#request({ method, headers, body }, addresses, (answer, status, uri) => {
      if (status < 300) this.#succeeded(message, method, uri, answer);
      else if (MAY_FAIL.includes(method)) this.#answer(message, [['Public', METHODS]]);
      else this.#refused(status, method);
    });
    if (method === 'TEARDOWN') this.#session = undefined; // then we need not
  }

  /** Tries one address after the other, until the device accepts one. */
  #request(
    request: Omit<DeviceRequest, 'uri'>,
    addresses: readonly string[],
    onAnswer: (answer: RtspMessage, status: number, uri: string) => void,
  ): void {
    const [uri = this.#url, ...others] = addresses;
    this.#device?.ask({ ...request, uri }, (answer, status) => {
      if (isOtherAddressWorthATry(status) && others.length > 0) this.#request(request, others, onAnswer);
      else onAnswer(answer, status, uri);
    });
  }

  #refused(status: number, method: string): void {
    if (status === OTHER_TRANSPORT) this.#isOtherTransportWanted = true;
    this.#fail(failureOfStatus(status, method, this.#source));
  }

  #succeeded(message: RtspMessage, method: string, uri: string, answer: RtspMessage): void {
    if (method === 'SETUP') return void this.#setUp(message, uri, answer);
    if (method === 'PLAY') this.#aggregates = [uri];
    this.#answer(message, forwardedHeaders(answer), answer.body);
  }

  #setUp(message: RtspMessage, uri: string, answer: RtspMessage): void {
    if (isAnsweredForUdp(message, answer)) return void this.#refused(OTHER_TRANSPORT, 'SETUP');
    this.#tracks = [uri];
    this.#session = headerOf(answer, 'Session')?.split(';')[0] ?? this.#session;
    this.#answer(message, setUpHeaders(answer, this.#device?.remoteAddress));
  }

  #connected(): RtspDevice {
    const options = { source: this.#source, reach: this.#reach, authorization: this.#authorization };
    const device: RtspDevice = connectDevice(this.#url, options, {
      onPacket: (bytes) => {
        if (device === this.#device) this.#packet(bytes);
      },
      onClosed: () => {
        if (device !== this.#device) return;
        this.#client?.destroySoon();
        this.#onKnown();
      },
      onFailure: (kind, cause) => {
        if (device === this.#device) this.#fail(failureOfConnection(kind, cause));
      },
    });
    return device;
  }

  /** What GStreamer does not take stays with the device. */
  #packet(bytes: Buffer): void {
    if (!this.#packets.isOurs(bytes)) {
      this.#leftOutBytes += bytes.length;
      if (this.#leftOutBytes > MAX_LEFT_OUT_BYTES)
        this.#fail(lost('the device sends only data that was not requested'));
      return;
    }
    this.#leftOutBytes = 0;
    if (!this.#client || this.#client.destroyed) return;
    if (!this.#client.write(bytes)) this.#device?.pause();
  }

  /** A good answer for GStreamer. */
  #answer(to: RtspMessage, headers: RtspMessage['headers'], body = NO_BODY): void {
    const sequence = headerOf(to, 'CSeq') ?? '';
    this.#client?.write(bytesOf({ startLine: 'RTSP/1.0 200 OK', headers: [['CSeq', sequence], ...headers], body }));
  }

  /** The first reason is the one. */
  #fail(error: VoicePrintsError): void {
    this.#failure ??= error;
    this.#client?.destroySoon();
    this.#onKnown();
  }
}
