import type { RecordingLimits } from '../core/recording.js';

/** A call may request less than the configuration allows, never more. */
export function limitsWithin(
  { maxBytes, maxDurationMs, maxDecodeMs }: RecordingLimits,
  asked: Partial<RecordingLimits> | undefined,
  mostMs: number,
): RecordingLimits {
  return {
    maxBytes: Math.min(maxBytes, asked?.maxBytes ?? maxBytes),
    maxDurationMs: Math.min(maxDurationMs, asked?.maxDurationMs ?? maxDurationMs, mostMs),
    maxDecodeMs: Math.min(maxDecodeMs, asked?.maxDecodeMs ?? maxDecodeMs),
  };
}
