import type { SampleReason, SpeechSegment } from '../../core/identification.js';
import type { SecondVoice } from './secondVoice.js';

export const inSeconds = (ms: number): number => ms / 1000;
const seconds = (ms: number): string => `${inSeconds(ms).toFixed(1)} s`;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** More places than this are not listed one by one. */
const SHOWN_PLACES = 3;

/** `, at 4.0 to 7.2 s and 9.1 to 10.0 s`. */
function placesText(spans: readonly SpeechSegment[]): string {
  if (spans.length === 0) return '';
  if (spans.length > SHOWN_PLACES)
    return `, in ${spans.length} places between ${from(spans[0]!)} and ${to(spans.at(-1)!)} s`;
  const places = spans.map((span) => `${from(span)} to ${to(span)} s`);
  const last = places.pop()!;
  return `, at ${places.length > 0 ? `${places.join(', ')} and ${last}` : last}`;
}
const from = ({ start }: SpeechSegment): string => start.toFixed(1);
const to = ({ end }: SpeechSegment): string => end.toFixed(1);

/** Texts for the reasons of the enrolment gate: what was measured, what is needed, what to do. */
export const reasonFor = {
  unreadable: (message: string): SampleReason => refusal('AUDIO_UNREADABLE', message),

  tooLittleSpeech: (speechMs: number, leastMs: number): SampleReason =>
    refusal(
      'TOO_LITTLE_SPEECH',
      `${seconds(speechMs)} of speech; at least ${inSeconds(leastMs)} s are needed: record a longer sample`,
    ),

  stillIncomplete: (speechMs: number, completeMs: number): SampleReason =>
    remark(
      'TOO_LITTLE_SPEECH',
      `${seconds(speechMs)} of speech so far; ${inSeconds(completeMs)} s complete the enrolment: add samples with ${seconds(completeMs - speechMs)} more`,
    ),

  tooNoisy: (snrDb: number, leastDb: number): SampleReason =>
    refusal(
      'TOO_NOISY',
      `speech is ${snrDb.toFixed(0)} dB above the noise; at least ${leastDb} dB are needed: go closer to the microphone or find a quieter place`,
    ),

  tooQuiet: (peakDb: number, leastDb: number): SampleReason =>
    refusal(
      'TOO_QUIET',
      `the recording is too quiet to find speech in it: its loudest moment is at ${peakDb.toFixed(0)} dBFS, ${leastDb} dBFS are needed: turn the microphone up, or go closer to it`,
    ),

  clipped: (share: number, mostShare: number): SampleReason =>
    refusal(
      'CLIPPED',
      `${percent(share)} of the speech is cut off by overload; at most ${percent(mostShare)} may be: turn the microphone down and record again`,
    ),

  narrowBand: (bandwidthHz: number): SampleReason =>
    remark(
      'NARROW_BAND',
      `the speech ends at ${(bandwidthHz / 1000).toFixed(1)} kHz, as over the telephone; best matched with telephone audio: add a sample from a microphone to match others`,
    ),

  dcOffset: (offset: number): SampleReason =>
    remark(
      'DC_OFFSET',
      `the recording has a constant offset (DC) of ${(100 * offset).toFixed(0)} % of full scale, which speech does not have: check the sound card or the cable`,
    ),

  secondVoice: ({ speechMs, spans }: SecondVoice): SampleReason => ({
    ...refusal(
      'SECOND_VOICE',
      `about ${seconds(speechMs)} sound like a second person${placesText(spans)}; a sample may hold one voice only: record it again without other speakers, or cut the other voice out`,
    ),
    ...(spans.length > 0 ? { at: spans } : {}),
  }),

  disagrees: (): SampleReason =>
    refusal(
      'DISAGREES_WITH_EARLIER',
      'it does not sound like the other samples of this person; check who speaks in it, or delete the voiceprint and enrol again',
    ),

  sameRecording: (): SampleReason =>
    refusal(
      'SAME_RECORDING',
      'this recording is part of the voiceprint already, and adds nothing new; add another recording',
    ),

  nothingKept: (): SampleReason =>
    refusal(
      'NOTHING_KEPT',
      'nothing of the sound of this voice is kept any more; the voiceprint learns from turns of a running session or of a recent recording',
    ),

  collides: (speakerId: string): SampleReason => ({
    ...refusal(
      'COLLIDES_WITH_OTHER',
      `it sounds like ${speakerId}, who is enrolled already; add it to that voiceprint, or delete that one first`,
    ),
    speakerId,
  }),
};

const refusal = (code: SampleReason['code'], message: string): SampleReason => ({ code, refuses: true, message });
const remark = (code: SampleReason['code'], message: string): SampleReason => ({ code, refuses: false, message });
