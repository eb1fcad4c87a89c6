import type { ErrorCode } from '../../core/errors.js';
import type { LiveAudio } from '../../core/live.js';
import type { OwnCertificate, ServerTrust } from '../../core/serverTrust.js';

/** Codecs of a call, named as SDP names them. */
export const SIP_CODECS = ['opus', 'G722', 'PCMU', 'PCMA'] as const;
export type SipCodec = (typeof SIP_CODECS)[number];

/** An account at a registrar (a telephone exchange, a provider, a router). */
export interface SipAccount {
  readonly user: string;
  /** Host name or address of the registrar, with its port where that is not 5060. */
  readonly registrar: string;
  readonly password: string;
  /** Name for the digest where it is not `user`. */
  readonly authUser?: string;
  /** Challenges of another realm are not answered: the password's digest goes nowhere else. */
  readonly realm?: string;
  /** Seconds a registration lasts; it is renewed before. */
  readonly expiresSeconds: number;
}

/** SIP over TLS: whom to believe, and who we are. */
export interface SipTls {
  /** Without it no connections are taken: calls come over the one to the registrar. */
  readonly own?: OwnCertificate;
  /** Certificates of exchanges, and of clients that have to show one. */
  readonly trust?: ServerTrust;
  /** Who connects to us has to show a certificate that `trust` accepts. */
  readonly isClientCertificateRequired: boolean;
}

/** Settings of one SIP endpoint; checked where they come in, trusted inside. */
export interface SipConfig {
  /** Address to listen at; `0.0.0.0` is every interface. IPv4. */
  readonly listenAddress: string;
  /** UDP and TCP port of SIP, or that of TLS; 0 takes any free one. */
  readonly listenPort: number;
  /** What requests go by where an address does not say: UDP by default. */
  readonly transport?: 'udp' | 'tcp';
  /** Everything goes over TLS, and nothing by UDP or TCP. */
  readonly tls?: SipTls;
  /** Address that others reach this machine at, where a router stands between. */
  readonly publicAddress?: string;
  readonly account?: SipAccount;
  /** Accepted codecs, the preferred one first. */
  readonly codecs: readonly SipCodec[];
  /** SDES-SRTP: never, where the other side offers it, or nothing else. */
  readonly srtp: 'off' | 'optional' | 'required';
  /** Concurrent calls; one more gets 486 Busy Here. */
  readonly maxCalls: number;
  /** Callers that are answered: all, or these, each as `user` or `user@host`. Others get 403 Forbidden. */
  readonly answer: 'all' | readonly string[];
  /** A call is ended after this. */
  readonly maxCallMs: number;
  /** A call whose audio stays away for this long is ended; on hold it is probed at this interval. */
  readonly noMediaMs: number;
  /** How long an outgoing call may ring. */
  readonly ringMs: number;
  /** Audio that comes before a call of ours is answered (announcements, a door's microphone) is part of the call. */
  readonly hearsEarly?: boolean;
  /** UDP ports for audio, both included; 0 and 0 take any free one. */
  readonly rtpPorts: { readonly min: number; readonly max: number };
}

/** The other side, as given by itself: personal data, and no proof. */
export interface SipParty {
  readonly user: string;
  readonly host: string;
  readonly displayName: string;
}

/** Why a call is over. */
export type SipEnd = 'remote' | 'local' | 'tooLong' | 'noMedia' | 'failed';

/** What happens in a call besides its audio. */
export type SipCallEvent =
  /** A key pressed: 0-9, *, #, A-D. Once a press, whether it came as RFC 4733 or as SIP INFO. */
  | { readonly type: 'digit'; readonly digit: string; readonly timestampMs: number }
  /** A call of ours whose audio was already heard before (`hearsEarly`). */
  | { readonly type: 'answered'; readonly timestampMs: number }
  | { readonly type: 'hold'; readonly timestampMs: number }
  | { readonly type: 'resume'; readonly timestampMs: number }
  /** The last event. `code` where something was wrong. */
  | { readonly type: 'ended'; readonly end: SipEnd; readonly code?: ErrorCode; readonly timestampMs: number };

/** Packets of a call's audio, counted. */
export interface SipMedia {
  /** Undefined until the two sides have agreed. */
  readonly codec: SipCodec | undefined;
  readonly isEncrypted: boolean;
  readonly packetsReceived: number;
  /** Never came, or came too late. */
  readonly packetsLost: number;
  /** Came after their time had been passed over. */
  readonly packetsLate: number;
  /** Came from an address that is not the other side's, or failed authentication or parsing. */
  readonly packetsRefused: number;
}

/** One call. Its audio and events are each read once; both end with the call. */
export interface SipCall {
  /** Unique within the endpoint. Contains nothing of the caller. */
  readonly id: string;
  readonly direction: 'incoming' | 'outgoing';
  readonly remote: SipParty;
  /** Leaving its loop hangs up. */
  readonly audio: LiveAudio;
  readonly events: AsyncIterable<SipCallEvent>;
  /** As it is at the moment of asking. */
  readonly media: SipMedia;
  /** Ends the call; resolves once the other side confirms, or after half a second. */
  hangUp(): Promise<void>;
}

/** How the endpoint is. */
export type SipState =
  /** Bare endpoint: calls to this address are taken. */
  | { readonly status: 'listening'; readonly port: number }
  | { readonly status: 'registering' }
  | { readonly status: 'registered' }
  /** Not registered; tried again after `retryInMs`, if that is given. */
  | { readonly status: 'failed'; readonly code: ErrorCode; readonly message: string; readonly retryInMs?: number }
  /** An incoming call was not answered; the endpoint continues. Emitted at most once a second for each code. */
  | {
      readonly status: 'refused';
      readonly code: ErrorCode;
      readonly message: string;
      /** Who called, the last one where there were several. */
      readonly remote: SipParty;
      /** Refused since the last event with this code. */
      readonly calls: number;
    };

/** A SIP telephone that only listens. Iterate it for incoming calls; aborting its signal ends every call and socket. */
export interface SipEndpoint extends AsyncIterable<SipCall>, AsyncDisposable {
  /** Changes of the endpoint, the present state first. Read once. */
  readonly states: AsyncIterable<SipState>;
  /** UDP and TCP port of SIP, or that of TLS; 0 where no connections are taken. */
  readonly port: number;
  /** Calls that are up, ringing ones included. */
  readonly callCount: number;
  /**
   * Calls an address: `sip:door@10.0.0.5`, `sip:100@pbx:5070`, `sips:100@pbx`. Resolves when the call is answered.
   * Throws SIP_BUSY, SIP_DECLINED, SIP_NOT_FOUND, SIP_UNAUTHORIZED, SIP_UNREACHABLE, SIP_CODEC_MISMATCH, SIP_CALL_REFUSED
   * (any other reason, its status in the details), CONFIG_INVALID (no such address) or ABORTED.
   */
  call(target: string, options?: { readonly signal?: AbortSignal }): Promise<SipCall>;
}
