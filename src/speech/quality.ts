import type { SampleSpan } from '../core/audioFrame.js';
import { msOfSamples } from '../core/time.js';
import { bandwidthHz } from './qualityBandwidth.js';
import { analyseFrames } from './qualityFrames.js';
import { clippedShare, dcOffset, peakDb, rmsDb } from './qualityLevel.js';
import { snrDb } from './qualityNoise.js';

/** Measures of the quality of a recording. */
export interface SpeechQuality {
  /** Speech power over noise power in decibels, at most 60; 0 where there is no speech. */
  readonly snrDb: number;
  /** Share of the speech samples in flat tops at the recording's peak, 0..1. */
  readonly clippedShare: number;
  /** Upper edge of the highest frequencies that carry speech; about 4,000 for telephone audio, at most 8,000; 0 without speech. */
  readonly bandwidthHz: number;
  readonly speechMs: number;
  /** Level of the speech in decibels below full scale (a full-scale square wave is 0); -100 without speech. */
  readonly rmsDb: number;
  /** Highest amplitude of the whole recording in decibels below full scale, without its offset; -100 where it is silent. */
  readonly peakDb: number;
  /** The recording's constant offset (DC), -1..1. */
  readonly dcOffset: number;
}

/**
 * Measures a recording (mono 16 kHz, amplitudes in [-1, 1]) given where speech is.
 * Spans must be in order and not overlap.
 */
export function measureQuality(samples: Float32Array, speech: readonly SampleSpan[]): SpeechQuality {
  const speechSamples = speech.reduce((sum, { startSample, endSample }) => sum + endSample - startSample, 0);
  const frames = analyseFrames(samples, speech);
  const offset = dcOffset(samples);
  return {
    snrDb: snrDb(frames),
    clippedShare: clippedShare(samples, speech),
    bandwidthHz: bandwidthHz(frames),
    speechMs: msOfSamples(speechSamples),
    rmsDb: rmsDb(samples, speech),
    peakDb: peakDb(samples, offset),
    dcOffset: offset,
  };
}
