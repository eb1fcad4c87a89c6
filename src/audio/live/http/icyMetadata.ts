/** More between two titles is no stream: the usual interval is 8 to 32 kB. */
const MAX_INTERVAL_BYTES = 1_048_576;
/** The length byte before a title counts in units of this. */
const TITLE_UNIT_BYTES = 16;

/**
 * The sound of a SHOUTcast stream without the titles between (`icy-metaint`). They are not asked for; some stations send
 * them all the same.
 *
 * @param interval value of the header; undefined where there is none
 */
export function withoutTitles(
  bytes: AsyncIterable<Uint8Array>,
  interval: string | undefined,
): AsyncIterable<Uint8Array> {
  const every = Number(interval ?? 0);
  return Number.isInteger(every) && every > 0 && every <= MAX_INTERVAL_BYTES ? soundBetween(bytes, every) : bytes;
}

async function* soundBetween(bytes: AsyncIterable<Uint8Array>, every: number): AsyncGenerator<Uint8Array> {
  let soundLeft = every;
  let titleLeft = 0;
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; ) {
      if (soundLeft > 0) {
        const taken = Math.min(soundLeft, chunk.length - at);
        yield chunk.subarray(at, at + taken);
        soundLeft -= taken;
        at += taken;
        continue;
      }
      if (titleLeft === 0) {
        titleLeft = TITLE_UNIT_BYTES * chunk[at]!;
        at += 1;
      }
      const skipped = Math.min(titleLeft, chunk.length - at);
      titleLeft -= skipped;
      at += skipped;
      if (titleLeft === 0) soundLeft = every;
    }
  }
}
