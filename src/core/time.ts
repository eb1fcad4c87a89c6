import { ENGINE_SAMPLE_RATE_HZ } from './audioFrame.js';

/** The only converters between the engine's sample clock, milliseconds (config) and seconds (answers). */
export const samplesOfMs = (ms: number): number => Math.round((ms * ENGINE_SAMPLE_RATE_HZ) / 1000);
export const msOfSamples = (samples: number): number => (samples * 1000) / ENGINE_SAMPLE_RATE_HZ;
export const MS_PER_DAY = 86_400_000;
/** The UTC day of a moment, in milliseconds since 1970: `2026-05-31`. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
/** Seconds, not rounded: for arithmetic. */
export const exactSecondsOfSamples = (samples: number): number => samples / ENGINE_SAMPLE_RATE_HZ;
/** Seconds with millisecond precision, as answers show them. */
export const secondsOfSamples = (samples: number): number => Math.round(msOfSamples(samples)) / 1000;
