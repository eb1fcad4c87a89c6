interface WavParts {
  readonly tag?: number;
  readonly channels?: number;
  readonly rateHz?: number;
  readonly bits?: number;
  readonly blockBytes?: number;
  /** Instead of the length of `data`. */
  readonly dataBytes?: number;
  readonly riffBytes?: number;
  readonly data?: Uint8Array;
  /** Chunks before the format and after the data. */
  readonly before?: Uint8Array;
  readonly after?: Uint8Array;
  /** Format tag in WAVE_FORMAT_EXTENSIBLE. */
  readonly isExtensible?: boolean;
  /** RF64 with the sizes in a ds64 chunk. */
  readonly isRf64?: boolean;
}

/** A WAV file, right or wrong in whatever way a test wants; 1,000 samples of silence by default. */
export function wav(parts: WavParts): Buffer {
  const { tag = 1, channels = 1, rateHz = 16_000, bits = 16, isExtensible = false, isRf64 = false } = parts;
  const { data = new Uint8Array(2_000), before = new Uint8Array(0), after = new Uint8Array(0) } = parts;
  const format = Buffer.alloc(isExtensible ? 48 : 24);
  format.write('fmt ', 'latin1');
  format.writeUInt32LE(format.length - 8, 4);
  format.writeUInt16LE(isExtensible ? 0xfffe : tag, 8);
  format.writeUInt16LE(channels, 10);
  format.writeUInt32LE(rateHz, 12);
  const blockBytes = parts.blockBytes ?? (channels * bits) / 8;
  format.writeUInt32LE((rateHz * blockBytes) % 2 ** 32, 16);
  format.writeUInt16LE(blockBytes, 20);
  format.writeUInt16LE(bits, 22);
  if (isExtensible) {
    format.writeUInt16LE(22, 24);
    format.writeUInt16LE(bits, 26);
    format.writeUInt16LE(tag, 32);
    format.write('000000001000800000aa00389b71', 34, 'hex');
  }
  const ds64 = Buffer.alloc(isRf64 ? 36 : 0);
  if (isRf64) {
    ds64.write('ds64', 'latin1');
    ds64.writeUInt32LE(28, 4);
    ds64.writeBigUInt64LE(BigInt(parts.dataBytes ?? data.length), 16);
  }
  const dataHead = Buffer.alloc(8);
  dataHead.write('data', 'latin1');
  dataHead.writeUInt32LE(isRf64 ? 0xffff_ffff : (parts.dataBytes ?? data.length), 4);
  const body = Buffer.concat([ds64, before, format, dataHead, data, after]);
  const head = Buffer.alloc(12);
  head.write(isRf64 ? 'RF64' : 'RIFF', 'latin1');
  head.writeUInt32LE(isRf64 ? 0xffff_ffff : (parts.riffBytes ?? body.length + 4), 4);
  head.write('WAVE', 8, 'latin1');
  return Buffer.concat([head, body]);
}
