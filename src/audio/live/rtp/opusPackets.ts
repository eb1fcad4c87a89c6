import { VoicePrintsError } from '../../../core/errors.js';

/** What we use of `opus-decoder`; it ships no types that its optional absence would allow. */
interface PacketDecoder {
  readonly ready: Promise<void>;
  decodeFrame(packet: Uint8Array): {
    readonly channelData: readonly Float32Array[];
    readonly samplesDecoded: number;
    readonly errors: readonly unknown[];
  };
  free(): void;
}
type PacketDecoderClass = new (options: {
  readonly sampleRate: 16000;
  readonly channels: 1;
  readonly preSkip: 0;
}) => PacketDecoder;

/** Opus packets without a container, as a WebSocket or a telephone brings them; each up to 120 ms. */
export class OpusPackets implements Disposable {
  readonly #decoder: PacketDecoder;

  private constructor(decoder: PacketDecoder) {
    this.#decoder = decoder;
  }

  /** Throws AUDIO_DECODER_MISSING where the optional package is not installed. */
  static async open(): Promise<OpusPackets> {
    try {
      const { OpusDecoder } = (await import('opus-decoder')) as unknown as { OpusDecoder: PacketDecoderClass };
      const decoder = new OpusDecoder({ sampleRate: 16000, channels: 1, preSkip: 0 });
      await decoder.ready;
      return new OpusPackets(decoder);
    } catch (cause) {
      const message = 'Opus packets need the npm package opus-decoder; install it, or send s16le';
      throw new VoicePrintsError('AUDIO_DECODER_MISSING', message, { cause });
    }
  }

  /** One packet as 16-bit little-endian samples, mono, 16 kHz. Throws AUDIO_CORRUPT; the next packet may be good again. */
  decode(packet: Uint8Array): Uint8Array {
    const { channelData, samplesDecoded, errors } = this.#decoder.decodeFrame(packet);
    if (errors.length > 0 || samplesDecoded === 0) {
      throw new VoicePrintsError(
        'AUDIO_CORRUPT',
        'this is no Opus packet; send one packet a message, without Ogg or WebM',
      );
    }
    const samples = channelData[0]!;
    const bytes = new Uint8Array(2 * samplesDecoded);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < samplesDecoded; i += 1) {
      view.setInt16(2 * i, Math.max(-32_768, Math.min(32_767, Math.round(samples[i]! * 32_768))), true);
    }
    return bytes;
  }

  [Symbol.dispose](): void {
    this.#decoder.free();
  }
}
