import { guarded } from '../../../core/guarded.js';
import type { LiveAudio } from '../../../core/live.js';
import type { UdpSource } from '../../../core/liveSource.js';
import { Channel } from '../../../stream/channel.js';
import { PushedAudio } from '../pushedAudio.js';
import { ArrivalClock } from './arrivalClock.js';
import { formatOf, lengthMsOf, wholeSamples } from './datagrams.js';
import { UdpPort } from './udpPort.js';

const SWEEP_MS = 1_000;

export interface OpenUdpOptions {
  /** Ends all streams, and closes the port. */
  readonly signal: AbortSignal;
  /** Senders at once; 16 by default. Datagrams of others are ignored until one of them has been silent. */
  readonly maxSenders?: number;
  /** A sender that was silent for so long has ended; what it sends later is another stream. 30,000 by default. */
  readonly idleMs?: number;
  /** Whether a sender is listened to, by its address; all by default. */
  readonly accepts?: (address: string) => boolean;
}

/** One sender of a port, from its first datagram until it has been silent for long. */
export interface UdpSender {
  /** Its IP address. */
  readonly address: string;
  readonly audio: LiveAudio;
}

/** The senders of a UDP port, as they appear; ends with the signal. */
export interface UdpSenders extends AsyncIterable<UdpSender> {
  /** Datagrams of senders beyond the most. */
  readonly refusedDatagrams: number;
}

interface Sender {
  readonly audio: PushedAudio;
  readonly clock: ArrivalClock;
  lastMs: number;
}

/**
 * Listens for voice satellites that send headerless samples to one UDP port, distinguished by address: each is a stream of its
 * own. Throws LIVE_PORT_UNAVAILABLE, AUDIO_RATE_INVALID, AUDIO_CHANNELS_INVALID.
 */
export async function openUdp(source: UdpSource, options: OpenUdpOptions): Promise<UdpSenders> {
  const { signal, maxSenders = 16, idleMs = 30_000, accepts = () => true } = options;
  const format = formatOf(source);
  new PushedAudio(format).end(); // throws for a format that cannot be
  const senders = new Map<string, Sender>();
  const channel = new Channel<UdpSender>(maxSenders, ({ address }) => end(address));
  const state = { refusedDatagrams: 0 };

  function end(address: string): void {
    senders.get(address)?.audio.end();
    senders.delete(address);
  }
  function senderAt(address: string): Sender | undefined {
    const known = senders.get(address);
    if (known && !known.audio.isOver) return known;
    if (!known && senders.size >= maxSenders) return undefined;
    const audio = new PushedAudio({ ...format, signal });
    const added = { audio, clock: new ArrivalClock(), lastMs: 0 };
    senders.set(address, added);
    channel.push({ address, audio });
    return added;
  }
  const onDatagram = (datagram: Uint8Array, address: string): void => {
    const bytes = wholeSamples(datagram, format);
    if (bytes.length === 0 || !accepts(address)) return;
    const sender = senderAt(address);
    if (!sender) {
      state.refusedDatagrams += 1;
      return;
    }
    sender.lastMs = performance.now();
    sender.audio.gap(sender.clock.pauseBefore(lengthMsOf(bytes, format), sender.lastMs));
    sender.audio.push(bytes);
  };
  const sweep = (): void => {
    const now = performance.now();
    for (const [address, { lastMs }] of senders) if (now - lastMs > idleMs) end(address);
  };
  const leave = await UdpPort.listen(source.address, source.port, {
    ...{ from: source.from, onDatagram },
    onLost: (error) => channel.fail(error),
  });
  const timer = setInterval(
    guarded(() => undefined, sweep),
    Math.min(SWEEP_MS, idleMs),
  );
  const close = (): void => {
    clearInterval(timer);
    leave();
    for (const address of [...senders.keys()]) end(address);
    channel.close();
  };
  if (signal.aborted) close();
  else signal.addEventListener('abort', close, { once: true });
  return {
    get refusedDatagrams() {
      return state.refusedDatagrams;
    },
    async *[Symbol.asyncIterator]() {
      try {
        yield* channel;
      } finally {
        close();
      }
    },
  };
}
