import type { Diarization, Identification, IdentifiedSegment, SpeechActivity } from '../../core/identification.js';

/** The speaker_id of a voice nobody enrolled. */
const NOBODY = 'UserNotIdentified';

/** What the drop-in calls answer about an identification. */
export const identifyAnswer = ({ segments, durationSeconds, model, warnings }: Identification) => ({
  segments: segments.map(segmentOf),
  duration: durationSeconds,
  model,
  warnings,
});

/** What the drop-in calls answer about a diarization. */
export const diarizeAnswer = ({ speakers, segments, durationSeconds, model, warnings }: Diarization) => ({
  num_speakers: speakers,
  segments: segments.map(({ label, ...segment }) => ({ ...segmentOf(segment), speaker_id: label })),
  duration: durationSeconds,
  model,
  warnings,
});

/** The turns alone, as the first version of the synchronous call answered: `speakerId` is a number from 1. */
export const diarizeList = ({ segments }: Diarization) => {
  const numbers = new Map<string, number>();
  return segments.map(({ label, ...segment }) => {
    if (!numbers.has(label)) numbers.set(label, numbers.size + 1);
    return { ...segmentOf(segment), speaker_id: label, speakerId: numbers.get(label) };
  });
};

/** What the drop-in calls answer about speech. Of the closed service's tags only `speech` is given. */
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
