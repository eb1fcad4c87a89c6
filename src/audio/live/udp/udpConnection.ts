import { ENGINE_SAMPLE_RATE_HZ } from '../../../core/audioFrame.js';
import type { UdpSource } from '../../../core/liveSource.js';
import { samplesOfMs } from '../../../core/time.js';
import { untilAborted } from '../../../stream/abortable.js';
import { Channel } from '../../../stream/channel.js';
import type { LiveConnection, TimedSamples } from '../liveConnection.js';
import { PcmConverter } from '../pipeline/pcmConverter.js';
import { ArrivalClock } from './arrivalClock.js';
import { formatOf, lengthMsOf, wholeSamples } from './datagrams.js';
import { UdpPort } from './udpPort.js';

/** Datagrams held for a listener that is slow: some half a minute; beyond, the oldest give way. */
const HELD_DATAGRAMS = 1_000;
/** After so much silence of the sender another one is listened to. */
const SENDER_SILENT_MS = 30_000;

interface Datagram {
  readonly bytes: Uint8Array;
  readonly arrivedMs: number;
}

/**
 * Headerless samples in UDP datagrams, of one sender: the named one, else the first that sends, until it has been silent for
 * a while. Satellites send when they like: silence is no failure.
 */
export class UdpConnection implements LiveConnection {
  readonly isNarrowBand: boolean;
  readonly #source: UdpSource;

  constructor(source: UdpSource) {
    this.#source = source;
    this.isNarrowBand = formatOf(source).sampleRateHz < ENGINE_SAMPLE_RATE_HZ;
  }

  async *connect(signal: AbortSignal): AsyncGenerator<TimedSamples> {
    const format = formatOf(this.#source);
    const layout = { codec: format.encoding, ...format };
    let converter = new PcmConverter(layout);
    const channel = new Channel<Datagram>(HELD_DATAGRAMS, () => undefined); // a gap, as on the network
    const leave = await this.#listen(channel);
    try {
      const clock = new ArrivalClock();
      let position = 0;
      for await (const { bytes, arrivedMs } of untilAborted(channel, signal)) {
        const pauseMs = clock.pauseBefore(lengthMsOf(bytes, format), arrivedMs);
        if (pauseMs > 0) converter = new PcmConverter(layout);
        position += samplesOfMs(pauseMs);
        for (const samples of converter.push(bytes)) {
          yield { samples, ptsNs: (position * 1e9) / ENGINE_SAMPLE_RATE_HZ };
          position += samples.length;
        }
      }
    } finally {
      leave();
    }
  }

  #listen(channel: Channel<Datagram>): Promise<() => void> {
    const { address, port, from } = this.#source;
    const format = formatOf(this.#source);
    let current: string | undefined;
    let lastMs = 0;
    return UdpPort.listen(address, port, {
      from,
      onDatagram: (datagram, sender) => {
        const arrivedMs = performance.now();
        if (current !== undefined && current !== sender && arrivedMs - lastMs < SENDER_SILENT_MS) return;
        const bytes = wholeSamples(datagram, format);
        if (bytes.length === 0) return;
        current = sender;
        lastMs = arrivedMs;
        channel.push({ bytes, arrivedMs });
      },
      onLost: (error) => channel.fail(error),
    });
  }
}
