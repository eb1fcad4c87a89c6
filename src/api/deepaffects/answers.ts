import type { Diarization, Identification, IdentifiedSegment, SpeechActivity } from '../../core/identification.js';

/** The speaker_id of a voice that is not enrolled. */
const NOBODY = 'UserNotIdentified';

/** Answer of the DeepAffects calls to an identification. */
export const identifyAnswer = ({ segments, durationSeconds, model, warnings }: Identification) => ({
  segments: segments.map(segmentOf),
  duration: durationSeconds,
  model,
  warnings,
});

/** Answer of the DeepAffects calls to a diarization. */
export const diarizeAnswer = ({ speakers, segments, durationSeconds, model, warnings }: Diarization) => ({
  num_speakers: speakers,
  segments: segments.map(({ label, ...segment }) => ({ ...segmentOf(segment), speaker_id: label })),
  duration: durationSeconds,
  model,
  warnings,
});

/** The turns only, as in the first version of the synchronous call: `speakerId` is a number from 1. */
export const diarizeList = ({ segments }: Diarization) => {
  const numbers = new Map<string, number>();
  return segments.map(({ label, ...segment }) => {
    if (!numbers.has(label)) numbers.set(label, numbers.size + 1);
    return { ...segmentOf(segment), speaker_id: label, speakerId: numbers.get(label) };
  });
};

/** Answer of the DeepAffects calls to speech detection. Of the service's tags only `speech` is used. */
export const speechAnswer = ({ segments, durationSeconds, warnings }: SpeechActivity) => ({
  segments: segments.map(({ start, end }) => ({ start, end, tag: 'speech' })),
  duration: durationSeconds,
  warnings,
});

function segmentOf(segment: IdentifiedSegment) {
  const isNamed = segment.decision === 'identified';
  return {
    speaker_id: (isNamed ? segment.speakerId : null) ?? NOBODY,
    start: segment.start,
    end: segment.end,
    identification_score: segment.score,
    margin: segment.margin,
    decision: segment.decision,
    name: isNamed ? segment.name : null,
    cluster: segment.cluster,
    overlap: segment.overlap,
    candidates: segment.candidates.map(({ speakerId, name, score, cosine }) => ({
      speaker_id: speakerId,
      name,
      identification_score: score,
      cosine,
    })),
  };
}
