import type { Recording } from '../../audio/recording.js';
import { type AudioFrame, ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';
import { VoicePrintsError } from '../../core/errors.js';
import { msOfSamples } from '../../core/time.js';
import type { KeptSpeech } from '../../core/voiceprint.js';
import type { Compute } from '../compute/compute.js';
import { localSpeechOf } from '../recording/localSpeechOf.js';
import { pooledEmbedding, speechMsOf, speechOf } from '../recording/speechOf.js';
import { NARROW_BAND_HZ } from '../voiceprints/voicesToMatch.js';
import { newAudioId, speechIn } from './keptSpeech.js';
import { type SecondVoice, secondVoiceIn, secondVoiceInWindows } from './secondVoice.js';

/** Everything the enrolment gate wants to know of one sample. The audio is gone, unless it is to be kept. */
export interface AnalysedSample {
  /** What the caller called it. */
  readonly file: string;
  readonly audioMs: number;
  readonly speechMs: number;
  readonly snrDb: number;
  /** Share of the speech in flat tops, 0..1. */
  readonly clippedShare: number;
  readonly bandwidthHz: number;
  /** Highest amplitude in decibels below full scale. */
  readonly peakDb: number;
  /** Constant offset (DC), -1..1. */
  readonly dcOffset: number;
  readonly isNarrowBand: boolean;
  /** Unit norm, shape (d,): one vector of the whole sample; undefined where there is no speech. */
  readonly embedding: Float32Array<ArrayBuffer> | undefined;
  /** A second person in the sample; undefined where one person speaks, or it is too short to decide. */
  readonly secondVoice: SecondVoice | undefined;
  /** Its speech, where audio is to be kept, under the name that the voiceprint gives it. */
  readonly kept?: { readonly audioId: string; readonly speech: KeptSpeech };
}

export interface AnalyseSampleOptions {
  readonly compute: Compute;
  readonly signal: AbortSignal;
  /** Called as audio comes in, with how much there was. */
  readonly onAudio: (doneMs: number) => void;
  readonly keepAudio?: boolean;
}

/**
 * Decodes one enrolment sample and measures it. The sample is held whole (64 kB per second): its length must be limited
 * by its opener. Throws what the decoder and the networks throw, or AUDIO_EMPTY.
 */
export async function analyseSample(
  file: string,
  openRecording: () => Promise<Recording>,
  { compute, signal, onAudio, keepAudio = false }: AnalyseSampleOptions,
): Promise<AnalysedSample> {
  await using recording = await openRecording();
  const pieces: Float32Array[] = [];
  const speech = await speechOf(holding(recording.frames(), pieces), { compute, signal, onAudio });
  if (speech.samples === 0) throw new VoicePrintsError('AUDIO_EMPTY', 'it contains no audio; record it again');
  const audio = joined(pieces, speech.samples);
  const kept = keepAudio ? { kept: { audioId: newAudioId(), speech: speechIn(audio, speech.speech) } } : {};
  const local = compute.segmentation ? await localSpeechOf(framesOf(audio), { compute, signal }) : undefined;
  const quality = await compute.measureQuality(audio, speech.speech, signal); // last: it takes the audio away
  const isNarrowBand = isTelephone(recording.format.sampleRateHz, quality.bandwidthHz);
  return {
    file,
    audioMs: msOfSamples(speech.samples),
    speechMs: speechMsOf(speech.speech),
    snrDb: quality.snrDb,
    clippedShare: quality.clippedShare,
    bandwidthHz: quality.bandwidthHz,
    peakDb: quality.peakDb,
    dcOffset: quality.dcOffset,
    isNarrowBand,
    embedding: pooledEmbedding(speech),
    secondVoice: local ? secondVoiceIn(local, isNarrowBand) : secondVoiceInWindows(speech),
    ...kept,
  };
}

async function* framesOf(audio: Float32Array<ArrayBuffer>): AsyncGenerator<AudioFrame> {
  for (let startSample = 0; startSample < audio.length; startSample += ENGINE_SAMPLE_RATE_HZ) {
    const samples = audio.slice(startSample, startSample + ENGINE_SAMPLE_RATE_HZ);
    yield { samples, sampleRateHz: ENGINE_SAMPLE_RATE_HZ, startSample };
  }
}

/** Known from the sample rate for a source of 8 kHz; otherwise measured on the speech. */
const isTelephone = (sampleRateHz: number | undefined, bandwidthHz: number): boolean =>
  (sampleRateHz !== undefined && sampleRateHz <= 11_025) || (bandwidthHz > 0 && bandwidthHz < NARROW_BAND_HZ);

async function* holding(frames: AsyncIterable<AudioFrame>, pieces: Float32Array[]): AsyncGenerator<AudioFrame> {
  for await (const frame of frames) {
    pieces.push(frame.samples.slice());
    yield frame;
  }
}

function joined(pieces: readonly Float32Array[], length: number): Float32Array<ArrayBuffer> {
  const samples = new Float32Array(length);
  let at = 0;
  for (const piece of pieces) {
    samples.set(piece, at);
    at += piece.length;
  }
  return samples;
}
