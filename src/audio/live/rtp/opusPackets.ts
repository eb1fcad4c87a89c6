import { VoicePrintsError } from '../../../core/errors.js';
import { OpusDecoder } from '../../decoding/opusDecoder.js';

/** Opus packets without a container, as a WebSocket brings them; each up to 120 ms. */
export class OpusPackets implements Disposable {
  readonly #decoder: OpusDecoder;

  private constructor(decoder: OpusDecoder) {
    this.#decoder = decoder;
  }

  static async open(): Promise<OpusPackets> {
    return new OpusPackets(await OpusDecoder.open());
  }

  /** One packet as 16-bit little-endian samples, mono, 16 kHz. Throws AUDIO_CORRUPT; the next packet may be good again. */
  decode(packet: Uint8Array): Uint8Array {
    const samples = this.#decoder.decode(packet);
    if (samples === undefined) {
      throw new VoicePrintsError(
        'AUDIO_CORRUPT',
        'this is not an Opus packet; send one packet per message, without Ogg or WebM',
      );
    }
    const bytes = new Uint8Array(2 * samples.length);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < samples.length; i += 1) {
      view.setInt16(2 * i, Math.max(-32_768, Math.min(32_767, Math.round(samples[i]! * 32_768))), true);
    }
    return bytes;
  }

  [Symbol.dispose](): void {
    this.#decoder[Symbol.dispose]();
  }
}
