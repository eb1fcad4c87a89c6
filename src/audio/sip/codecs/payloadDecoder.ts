import { OpusDecoder } from '../../decoding/opusDecoder.js';
import { PcmUnpacker } from '../../samples/pcm.js';
import type { SipCodec } from '../sipTypes.js';
import { G722Decoder } from './g722.js';

/** RTP payloads of one codec to samples. One per call: it remembers what came before. */
export interface PayloadDecoder {
  readonly codec: SipCodec;
  /** Of the samples: 8,000 or 16,000. */
  readonly rateHz: 8_000 | 16_000;
  /** Of the RTP timestamps; G.722's is 8,000 by an old mistake (RFC 3551, 4.5.2). */
  readonly clockHz: number;
  /** Mono samples in [-1, 1]; undefined where the payload is broken. */
  decode(payload: Buffer): Float32Array | undefined;
  free(): void;
}

function g711(codec: 'PCMU' | 'PCMA'): PayloadDecoder {
  const layout = { codec: codec === 'PCMU' ? 'mulaw' : 'alaw', sampleRateHz: 8_000, channels: 1 } as const;
  const unpacker = new PcmUnpacker(layout);
  return {
    codec,
    rateHz: 8_000,
    clockHz: 8_000,
    decode: (payload) => unpacker.unpack(payload),
    free: () => undefined,
  };
}

function g722(): PayloadDecoder {
  const decoder = new G722Decoder();
  return {
    codec: 'G722',
    rateHz: 16_000,
    clockHz: 8_000,
    decode: (payload) => decoder.decode(payload),
    free: () => undefined,
  };
}

async function opus(): Promise<PayloadDecoder> {
  const decoder = await OpusDecoder.open();
  return {
    codec: 'opus',
    rateHz: 16_000,
    clockHz: 48_000,
    decode: (payload) => decoder.decode(payload),
    free: () => decoder[Symbol.dispose](),
  };
}

export async function createPayloadDecoder(codec: SipCodec): Promise<PayloadDecoder> {
  if (codec === 'G722') return g722();
  return codec === 'opus' ? opus() : g711(codec);
}
