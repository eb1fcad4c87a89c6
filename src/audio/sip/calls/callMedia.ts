import type { RemoteInfo, Socket } from 'node:dgram';
import type { BodyAndContentType, SessionDescriptionHandler } from 'sip.js';
import { VoicePrintsError } from '../../../core/errors.js';
import { createPayloadDecoder, type PayloadDecoder } from '../codecs/payloadDecoder.js';
import { isRtcp, parseRtp } from '../rtp/rtpPacket.js';
import { openRtpSocket } from '../rtp/rtpSocket.js';
import { newSrtpKey } from '../rtp/srtpKey.js';
import { SrtpReceiver } from '../rtp/srtpReceiver.js';
import {
  type Agreement,
  agreeOn,
  type LocalMedia,
  readDescription,
  writeAnswer,
  writeOffer,
} from '../signalling/sessionDescription.js';
import type { SipConfig, SipMedia } from '../sipTypes.js';
import { CallAudio } from './callAudio.js';
import { MediaSource } from './mediaSource.js';

const CONTENT_TYPE = 'application/sdp';
const TICK_MS = 50;
/** RFC 6263, 4.1 and 6: empty datagrams keep a router's way in open. */
const PINHOLE_MS = 15_000;

export interface CallMediaOptions {
  readonly config: SipConfig;
  /** Our address, as the other side reaches it. */
  readonly ownAddress: string;
  /** Where its signalling comes from. */
  readonly peerAddress: string;
  readonly onDigit: (digit: string) => void;
  readonly onHeld: (isHeld: boolean) => void;
  readonly onNoMedia: () => void;
  readonly onLeft: () => void;
}

/** One call's audio side: its socket, what is agreed about it, and its packets on their way to CallAudio. */
export class CallMedia implements SessionDescriptionHandler {
  readonly audio: CallAudio;
  /** Why the last description was not accepted. */
  failure: VoicePrintsError | undefined;
  readonly #options: CallMediaOptions;
  readonly #source = new MediaSource();
  readonly #key = newSrtpKey();
  readonly #sessionId = Math.floor(Date.now() / 1_000);
  #version = 0;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** An offer of theirs that waits for our answer. */
  #isAsked = false;
  #agreement: Agreement | undefined;
  #decoder: PayloadDecoder | undefined;
  #srtp: SrtpReceiver | undefined;
  #isHeld = false;
  #isClosed = false;
  #isOpen = false;
  #received = 0;
  #refused = 0;
  #lastMediaMs = performance.now();
  #lastPinholeMs = Number.NEGATIVE_INFINITY;

  constructor(options: CallMediaOptions) {
    this.#options = options;
    this.audio = new CallAudio({ onDigit: options.onDigit, onLeft: options.onLeft });
  }

  /** As it is now. */
  counted(): SipMedia {
    return {
      codec: this.#agreement?.codec,
      isEncrypted: this.#srtp !== undefined,
      packetsReceived: this.#received,
      packetsLost: this.audio.packetsLost,
      packetsLate: this.audio.packetsLate,
      packetsRefused: this.#refused + this.audio.packetsBroken,
    };
  }

  /** Opens the audio port. Throws SIP_LISTEN_FAILED. */
  async open(): Promise<void> {
    const { rtpPorts, listenAddress } = this.#options.config;
    const socket = await openRtpSocket(rtpPorts, listenAddress, (packet, from) => this.#receive(packet, from));
    if (this.#isClosed) {
      socket.close();
      return;
    }
    this.#socket = socket;
  }

  /** The call is up: from now on audio is expected. */
  start(): void {
    if (this.#isClosed) return;
    this.#lastMediaMs = performance.now();
    this.#timer ??= setInterval(() => this.#tick(performance.now()), TICK_MS);
  }

  hasDescription(contentType: string): boolean {
    return contentType.split(';')[0]!.trim().toLowerCase() === CONTENT_TYPE;
  }

  /** Our answer to the offer that waits, else an offer. */
  async getDescription(): Promise<BodyAndContentType> {
    if (!this.#socket) throw new Error('closed');
    this.#version += 1;
    const local: LocalMedia = {
      address: this.#options.ownAddress,
      port: this.#socket.address().port,
      sessionId: this.#sessionId,
      version: this.#version,
      key: this.#key,
    };
    const isAnswer = this.#isAsked && this.#agreement !== undefined;
    this.#isAsked = false;
    const body = isAnswer ? writeAnswer(local, this.#agreement!) : writeOffer(local, this.#options.config);
    return { body, contentType: CONTENT_TYPE };
  }

  /** Their offer or answer. Rejects where it cannot be agreed to; what was agreed before then stays. */
  async setDescription(sdp: string): Promise<void> {
    const remote = readDescription(sdp);
    const agreement = remote && agreeOn(remote, this.#options.config);
    if (!agreement) throw this.#fail(codecMismatch());
    const isSame = this.#agreement?.codec === agreement.codec && this.#decoder;
    const decoder = isSame
      ? this.#decoder!
      : await createPayloadDecoder(agreement.codec).catch((error: VoicePrintsError) => {
          throw this.#fail(error);
        });
    if (this.#isClosed) {
      decoder.free();
      return;
    }
    this.#isAsked = true;
    this.#apply(agreement, decoder);
  }

  /** DTMF is heard, not sent. */
  sendDtmf(): boolean {
    return false;
  }

  /** Closes the port. The audio is ended by the call, which knows why. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  #fail(error: VoicePrintsError): VoicePrintsError {
    this.failure = error;
    return error;
  }

  #apply(agreement: Agreement, decoder: PayloadDecoder): void {
    const { remote, crypto } = agreement;
    const before = this.#agreement;
    const isNewKey = crypto && !before?.crypto?.key.key.equals(crypto.key.key);
    if (!crypto || isNewKey) this.#srtp = crypto && new SrtpReceiver(crypto.key);
    this.#source.expect(remote, this.#options.peerAddress);
    this.#agreement = agreement;
    this.#decoder = decoder;
    const keyPresses = agreement.keyPresses.map(({ payloadType }) => payloadType);
    this.audio.agree({ decoder, audio: agreement.payloadType, keyPresses });
    // A call that only ever sends to us is no call on hold.
    const isHeld =
      remote.direction === 'inactive' ||
      remote.direction === 'recvonly' ||
      (remote.direction === 'sendonly' && (this.#isHeld || before?.remote.direction === 'sendrecv'));
    this.#lastMediaMs = performance.now();
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.audio.tell({ status: isHeld ? 'held' : 'open' });
    this.#options.onHeld(isHeld);
  }

  #receive(bytes: Buffer, { address, port }: RemoteInfo): void {
    const nowMs = performance.now();
    if (isRtcp(bytes) || this.#isHeld || bytes.length === 0) return;
    const plain = this.#srtp
      ? this.#srtp.open(bytes) // who has the key may send from anywhere
      : this.#source.isHeard(address, port, nowMs)
        ? bytes
        : undefined;
    const packet = plain && parseRtp(plain);
    if (!packet) {
      this.#refused += 1;
      return;
    }
    this.#received += 1;
    this.#lastMediaMs = nowMs;
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.audio.tell({ status: 'open' });
    }
    this.audio.receive(packet, nowMs);
  }

  #tick(nowMs: number): void {
    this.audio.tick(nowMs);
    if (this.#isHeld) return;
    const remote = this.#agreement?.remote;
    if (remote && nowMs - this.#lastPinholeMs >= PINHOLE_MS) {
      this.#lastPinholeMs = nowMs;
      this.#socket?.send('', remote.port, remote.address, () => undefined); // unreachable: the watchdog tells
    }
    if (nowMs - this.#lastMediaMs > this.#options.config.noMediaMs) this.#options.onNoMedia();
  }
}

export const codecMismatch = (): VoicePrintsError =>
  new VoicePrintsError(
    'SIP_CODEC_MISMATCH',
    'the two sides of the call share no codec or no encryption; allow another codec, or change srtp',
  );
