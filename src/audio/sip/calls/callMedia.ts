import type { RemoteInfo, Socket } from 'node:dgram';
import type { BodyAndContentType, SessionDescriptionHandler } from 'sip.js';
import { asVoicePrintsError, type ErrorCode, VoicePrintsError } from '../../../core/errors.js';
import { guarded } from '../../../core/guarded.js';
import { createPayloadDecoder, type PayloadDecoder } from '../codecs/payloadDecoder.js';
import { isRtcp, parseRtp } from '../rtp/rtpPacket.js';
import { openRtpSocket } from '../rtp/rtpSocket.js';
import { newSrtpKey } from '../rtp/srtpKey.js';
import { SrtpReceiver } from '../rtp/srtpReceiver.js';
import {
  type Agreement,
  agreeOnAnswer,
  agreeOnOffer,
  type LocalMedia,
  readDescription,
  writeAnswer,
  writeOffer,
} from '../signalling/sessionDescription.js';
import type { SipCodec, SipConfig, SipMedia } from '../sipTypes.js';
import { CallAudio } from './callAudio.js';
import { MediaSource } from './mediaSource.js';

const CONTENT_TYPE = 'application/sdp';
const TICK_MS = 50;
/** RFC 6263, 4.1 and 6: empty datagrams keep a router's way in open. */
const PINHOLE_MS = 15_000;
/** A call that may be on hold is, once its audio has stayed away for this long. */
const HOLD_SILENCE_MS = 2_000;

export interface CallMediaOptions {
  readonly config: SipConfig;
  /** Our address, as the other side reaches it. */
  readonly ownAddress: string;
  /** Where its signalling comes from. */
  readonly peerAddress: string;
  readonly onDigit: (digit: string) => void;
  readonly onHeld: (isHeld: boolean) => void;
  /** @param code SIP_NO_MEDIA, AUDIO_CORRUPT where what came was broken, SIP_CODEC_MISMATCH where it was another codec */
  readonly onNoMedia: (code: ErrorCode) => void;
  readonly onLeft: () => void;
  /** Their answer to our offer is in effect, which may be before the call is answered. */
  readonly onAgreed: () => void;
  /** The other side said that it is silent, and has sent nothing for as long as silence is borne otherwise. */
  readonly onQuiet: () => void;
  /** Unexpected exception: the call cannot continue. */
  readonly onFault: (thrown: unknown) => void;
}

/** One call's audio side: its socket, the negotiated description, and its packets on their way to CallAudio. */
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
  /** State of the negotiation: an offer of theirs waits for our answer, or one of ours for theirs. */
  #pending: 'theirs' | 'ours' | undefined;
  #agreement: Agreement | undefined;
  readonly #decoders = new Map<SipCodec, PayloadDecoder>();
  #srtp: SrtpReceiver | undefined;
  #isHeld = false;
  /** Their description means hold, or only reflects that we never send: their silence decides. */
  #mayBeHeld = false;
  #isClosed = false;
  #isOpen = false;
  #received = 0;
  #refused = 0;
  /** Since when audio is expected. */
  #expectedMs = performance.now();
  #lastPinholeMs = Number.NEGATIVE_INFINITY;

  constructor(options: CallMediaOptions) {
    this.#options = options;
    const onSound = () => this.#receiveSound();
    this.audio = new CallAudio({ onDigit: options.onDigit, onSound, onLeft: options.onLeft });
  }

  /** As it is now. */
  counted(): SipMedia {
    return {
      codec: this.#agreement && this.audio.codec,
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
    const receive = (packet: Buffer, from: RemoteInfo) => this.#receive(packet, from);
    const socket = await openRtpSocket(rtpPorts, listenAddress, receive, this.#options.onFault);
    if (this.#isClosed) {
      socket.close();
      return;
    }
    this.#socket = socket;
  }

  /** The call is up: from now on audio is expected. */
  start(): void {
    if (this.#isClosed) return;
    this.#expectedMs = performance.now();
    const tick = () => this.#tick(performance.now());
    this.#timer ??= setInterval(guarded(this.#options.onFault, tick), TICK_MS);
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
    const isAnswer = this.#pending === 'theirs' && this.#agreement !== undefined;
    this.#pending = isAnswer ? undefined : 'ours';
    const body = isAnswer ? writeAnswer(local, this.#agreement!) : writeOffer(local, this.#options.config);
    return { body, contentType: CONTENT_TYPE };
  }

  /** Their offer or answer. Rejects where it cannot be agreed to; what was agreed before then stays. */
  async setDescription(sdp: string): Promise<void> {
    const remote = readDescription(sdp);
    const isAnswer = this.#pending === 'ours';
    const agreement = remote && (isAnswer ? agreeOnAnswer : agreeOnOffer)(remote, this.#options.config);
    if (!agreement) throw this.#fail(codecMismatch());
    const decoders = await this.#decodersOf(agreement);
    if (this.#isClosed) {
      const own = new Set(this.#decoders.values()); // the audio's to free
      for (const decoder of new Set(decoders.values())) if (!own.has(decoder)) decoder.free();
      return;
    }
    this.#pending = isAnswer ? undefined : 'theirs';
    this.#apply(agreement, decoders);
    if (isAnswer) this.#options.onAgreed();
  }

  /** Whether an offer waits for its answer. */
  get isNegotiating(): boolean {
    return this.#pending !== undefined;
  }

  /** Our answer to an offer; undefined where it cannot be agreed to. */
  async answerTo(offer: string): Promise<BodyAndContentType | undefined> {
    try {
      await this.setDescription(offer);
    } catch (thrown) {
      if (thrown instanceof VoicePrintsError) return undefined;
      throw thrown;
    }
    return this.getDescription();
  }

  /** Decoders of codecs that stay are kept, with their state. */
  async #decodersOf({ formats }: Agreement): Promise<Map<number, PayloadDecoder>> {
    const decoders = new Map<number, PayloadDecoder>();
    for (const { codec, payloadType } of formats) {
      const known = [...decoders.values()].find((one) => one.codec === codec) ?? this.#decoders.get(codec);
      const decoder =
        known ??
        (await createPayloadDecoder(codec).catch((thrown) => {
          throw this.#fail(asVoicePrintsError(thrown));
        }));
      decoders.set(payloadType, decoder);
    }
    return decoders;
  }

  /** DTMF is received, not sent. */
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

  #apply(agreement: Agreement, decoders: ReadonlyMap<number, PayloadDecoder>): void {
    const { remote, crypto } = agreement;
    const before = this.#agreement;
    const isNewKey = crypto && !before?.crypto?.key.key.equals(crypto.key.key);
    if (!crypto || isNewKey) this.#srtp = crypto && new SrtpReceiver(crypto.key);
    this.#source.expect(remote, this.#options.peerAddress);
    this.#agreement = agreement;
    this.#decoders.clear();
    for (const decoder of decoders.values()) this.#decoders.set(decoder.codec, decoder);
    const keyPresses = agreement.keyPresses.map(({ payloadType }) => payloadType);
    this.audio.agree({ decoders, keyPresses, comfortNoise: remote.comfortNoise });
    this.#expectedMs = performance.now();
    // We are a side that never speaks, so `sendonly` may be all they mean by it (a session refresh), or hold.
    const isSendOnly = remote.direction === 'sendonly';
    this.#mayBeHeld =
      remote.isNowhere || (isSendOnly && (this.#mayBeHeld || this.#isHeld || before?.remote.direction === 'sendrecv'));
    if (remote.direction === 'inactive' || remote.direction === 'recvonly') this.#hold(true);
    else if (!this.#mayBeHeld) this.#hold(false);
  }

  #hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.audio.pushState({ status: isHeld ? 'held' : 'open' });
    this.#options.onHeld(isHeld);
  }

  #receive(bytes: Buffer, { address, port }: RemoteInfo): void {
    const nowMs = performance.now();
    if (isRtcp(bytes) || (this.#isHeld && !this.#mayBeHeld) || bytes.length === 0) return;
    const plain = this.#srtp
      ? this.#srtp.open(bytes) // who has the key may send from anywhere
      : this.#source.isAccepted(address, port, nowMs)
        ? bytes
        : undefined;
    const packet = plain && parseRtp(plain);
    if (!packet) {
      this.#refused += 1;
      return;
    }
    this.#received += 1;
    this.audio.receive(packet, nowMs);
  }

  /** Before each piece of sound. */
  #receiveSound(): void {
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.audio.pushState({ status: 'open' });
    }
    if (this.#mayBeHeld) this.#hold(false);
  }

  #tick(nowMs: number): void {
    this.audio.tick(nowMs);
    const silentMs = nowMs - Math.max(this.#expectedMs, this.audio.lastSignMs);
    if (this.#mayBeHeld && silentMs > HOLD_SILENCE_MS) this.#hold(true);
    if (this.#isHeld) return;
    const remote = this.#agreement?.remote;
    if (remote && nowMs - this.#lastPinholeMs >= PINHOLE_MS) {
      this.#lastPinholeMs = nowMs;
      const address = remote.address ?? this.#options.peerAddress;
      this.#socket?.send('', remote.port, address, () => undefined); // unreachable: reported by the watchdog
    }
    if (silentMs <= this.#options.config.noMediaMs) return;
    if (!this.audio.isQuiet) this.#options.onNoMedia(this.#whyNoMedia());
    else {
      this.#expectedMs = nowMs;
      this.#options.onQuiet();
    }
  }

  #whyNoMedia(): ErrorCode {
    if (this.audio.packetsBroken > 0) return 'AUDIO_CORRUPT';
    return this.audio.packetsForeign > 0 ? 'SIP_CODEC_MISMATCH' : 'SIP_NO_MEDIA';
  }
}

/** @param status of the other side, where it sent one */
export const codecMismatch = (status?: number): VoicePrintsError =>
  new VoicePrintsError(
    'SIP_CODEC_MISMATCH',
    'the two sides of the call share no codec or no encryption; allow another codec, or change srtp',
    status === undefined ? {} : { details: { status } },
  );
