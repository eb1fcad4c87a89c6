import { createCipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import type { SrtpKey } from './srtpKey.js';

const BLOCK_BYTES = 16;
const TAG_BYTES = 10;
const RTP_HEADER_BYTES = 12;
const WRAP = 0x1_0000;
/** Senders of one key that are followed: a device has one, and another after a restart. */
const MAX_SOURCES = 16;

/** AES in counter mode: key stream over zeros, or over what is to be decrypted (the same operation). */
const counterMode = (key: Buffer, iv: Buffer, bytes: Buffer): Buffer =>
  createCipheriv('aes-128-ctr', key, iv).update(bytes);

/** RFC 3711, 4.3.1 and 4.3.3: a session key. @param label 0 cipher, 1 authentication, 2 salt */
export function sessionKey({ key, salt }: SrtpKey, label: 0 | 1 | 2, bytes: number): Buffer {
  const iv = Buffer.alloc(BLOCK_BYTES);
  salt.copy(iv);
  iv[7]! ^= label;
  return counterMode(key, iv, Buffer.alloc(bytes));
}

/**
 * Opens SRTP packets (RFC 3711, AES_CM_128_HMAC_SHA1_80) of the other side: authentic ones only, so that a forged packet
 * is never decoded. Replays are left to the jitter buffer, which takes each sequence number once.
 */
export class SrtpReceiver {
  readonly #cipherKey: Buffer;
  readonly #authKey: Buffer;
  readonly #salt: Buffer;
  /** Highest packet index (48 bits: rollover counter and sequence number) by SSRC. */
  readonly #highest = new Map<number, number>();

  constructor(remote: SrtpKey) {
    this.#cipherKey = sessionKey(remote, 0, 16);
    this.#authKey = sessionKey(remote, 1, 20);
    this.#salt = sessionKey(remote, 2, 14);
  }

  /** The plain packet; undefined where it was not made with this key. */
  open(packet: Buffer): Buffer | undefined {
    const end = packet.length - TAG_BYTES;
    if (end < RTP_HEADER_BYTES) return undefined;
    const ssrc = packet.readUInt32BE(8);
    const highest = this.#highest.get(ssrc);
    if (highest === undefined && this.#highest.size >= MAX_SOURCES) return undefined;
    const index = indexOf(packet.readUInt16BE(2), highest);
    if (!this.#isAuthentic(packet, end, index)) return undefined;
    this.#highest.set(ssrc, Math.max(highest ?? 0, index));
    const start = headerBytes(packet, end);
    if (start === undefined) return undefined;
    return Buffer.concat([packet.subarray(0, start), this.#decrypt(packet.subarray(start, end), ssrc, index)]);
  }

  #isAuthentic(packet: Buffer, end: number, index: number): boolean {
    const rollovers = Buffer.alloc(4);
    rollovers.writeUInt32BE(Math.floor(index / WRAP));
    const hmac = createHmac('sha1', this.#authKey).update(packet.subarray(0, end)).update(rollovers);
    return timingSafeEqual(hmac.digest().subarray(0, TAG_BYTES), packet.subarray(end));
  }

  /** RFC 3711, 4.1.1. */
  #decrypt(payload: Buffer, ssrc: number, index: number): Buffer {
    const iv = Buffer.alloc(BLOCK_BYTES);
    iv.writeUInt32BE(ssrc, 4);
    iv.writeUIntBE(index, 8, 6);
    for (let i = 0; i < this.#salt.length; i += 1) iv[i]! ^= this.#salt[i]!;
    return counterMode(this.#cipherKey, iv, payload);
  }
}

/** RFC 3711, 3.3.1: the index nearest to the highest one so far. */
function indexOf(sequence: number, highest: number | undefined): number {
  if (highest === undefined) return sequence;
  const distance = ((sequence - highest) << 16) >> 16;
  return Math.max(0, highest + distance) === highest + distance ? highest + distance : sequence;
}

/** Length of what is authenticated but not encrypted; undefined where the packet is cut. */
function headerBytes(packet: Buffer, end: number): number | undefined {
  let bytes = RTP_HEADER_BYTES + 4 * (packet[0]! & 0x0f);
  if (packet[0]! & 0x10) {
    if (bytes + 4 > end) return undefined;
    bytes += 4 + 4 * packet.readUInt16BE(bytes + 2);
  }
  return bytes <= end ? bytes : undefined;
}
