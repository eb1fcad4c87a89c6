import { setTimeout as sleep } from 'node:timers/promises';
import { ENGINE_SAMPLE_RATE_HZ } from '../../../core/audioFrame.js';
import { asVoicePrintsError } from '../../../core/errors.js';
import { guarded } from '../../../core/guarded.js';
import type { StdinSource } from '../../../core/liveSource.js';
import { untilAborted } from '../../../stream/abortable.js';
import { PushedAudio } from '../pushedAudio.js';

const BUFFER_MS = 30_000;
/** So much is together before the first push that a WAV header is whole, if there is one. */
const HEAD_BYTES = 4_096;

/** Samples on standard input, or whatever stream is given for it. What comes too fast waits in the pipe. */
export function stdinAudio(
  { rawFormat }: StdinSource,
  stream: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): PushedAudio {
  const format = rawFormat ?? { encoding: 's16le', sampleRateHz: ENGINE_SAMPLE_RATE_HZ, channels: 1 };
  const pushed = new PushedAudio({ ...format, bufferMs: BUFFER_MS, signal });
  guarded(
    (thrown) => pushed.end(signal.aborted ? undefined : asVoicePrintsError(thrown)),
    () => pump(stream, pushed, signal).then(() => pushed.end()),
  )();
  return pushed;
}

async function pump(stream: AsyncIterable<Uint8Array>, pushed: PushedAudio, signal: AbortSignal): Promise<void> {
  let head: Uint8Array[] | undefined = [];
  for await (const chunk of untilAborted(stream, signal)) {
    if (head) {
      head.push(chunk);
      if (head.reduce((sum, { length }) => sum + length, 0) < HEAD_BYTES) continue;
    }
    pushed.push(head ? Buffer.concat(head) : chunk);
    head = undefined;
    while (pushed.bufferedMs > BUFFER_MS / 2 && !pushed.isOver) await sleep(20, undefined, { signal });
    if (pushed.isOver) return;
  }
  if (head) pushed.push(Buffer.concat(head));
}
