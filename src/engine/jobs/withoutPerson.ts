import type { Diarization, Identification, IdentifiedSegment } from '../../core/identification.js';
import type { Job, JobFailure, JobOutcome } from '../../jobs/job.js';

/** Replaces the id of an erased person in the request of a job: not a valid id, so that the job fails. */
const ERASED = '(erased)';

type Segment = IdentifiedSegment & { readonly label?: string };

/** The job without an erased person's id and name, in its request and its outcome; undefined where they are not in it. */
export function withoutPerson(job: Job, speakerId: string): Job | undefined {
  const task = taskWithout(job.task, speakerId);
  const outcome = job.outcome && outcomeWithout(job.outcome, speakerId);
  const lastFailure = job.lastFailure && failureWithout(job.lastFailure, speakerId);
  const isSame = task === job.task && outcome === job.outcome && lastFailure === job.lastFailure;
  return isSame ? undefined : { ...job, task, outcome, lastFailure };
}

function taskWithout(task: Job['task'], speakerId: string): Job['task'] {
  if (task.kind === 'vad' || !task.speakerIds?.includes(speakerId)) return task;
  return { ...task, speakerIds: task.speakerIds.map((id) => (id === speakerId ? ERASED : id)) };
}

function outcomeWithout(outcome: JobOutcome, speakerId: string): JobOutcome {
  if ('failure' in outcome) {
    const failure = failureWithout(outcome.failure, speakerId);
    return failure === outcome.failure ? outcome : { failure };
  }
  const result = outcome.result as Partial<Identification & Diarization> | null | undefined;
  const segments = result?.segments as readonly Segment[] | undefined;
  if (!segments?.some((segment) => isAbout(segment, speakerId))) return outcome;
  return { result: { ...result, segments: segmentsWithout(segments, speakerId) } };
}

/** Segments of speech have no candidates. */
const isAbout = ({ speakerId, candidates = [] }: Partial<Segment>, erasedId: string): boolean =>
  speakerId === erasedId || candidates.some((candidate) => candidate.speakerId === erasedId);

/** The voice stays in the recording, as an unknown one. */
function segmentsWithout(segments: readonly Segment[], speakerId: string): readonly Segment[] {
  const cluster = `unknown-${1 + highestNumber(segments, ({ cluster: name }) => name, /^unknown-(\d+)$/)}`;
  const label = `speaker${1 + highestNumber(segments, (segment) => segment.label, /^speaker(\d+)$/)}`;
  return segments.map((segment) => {
    const candidates = segment.candidates.filter((candidate) => candidate.speakerId !== speakerId);
    if (segment.speakerId !== speakerId) return { ...segment, candidates };
    const [best, second] = candidates;
    return {
      ...segment,
      speakerId: null,
      name: null,
      decision: 'unknown',
      candidates,
      cluster: segment.cluster ?? cluster,
      cosine: best?.cosine ?? null,
      score: best?.score ?? 0,
      margin: (best?.score ?? 0) - (second?.score ?? 0),
      ...(segment.label === speakerId ? { label } : {}),
    };
  });
}

function highestNumber(
  segments: readonly Segment[],
  nameOf: (segment: Segment) => string | null | undefined,
  form: RegExp,
): number {
  return Math.max(0, ...segments.map((segment) => Number(form.exec(nameOf(segment) ?? '')?.[1] ?? 0)));
}

/** Failures that name people name them in `speakerIds`. */
function failureWithout(failure: JobFailure, speakerId: string): JobFailure {
  const ids = String(failure.details.speakerIds ?? '').split(',');
  if (!ids.includes(speakerId)) return failure;
  const speakerIds = ids.map((id) => (id === speakerId ? ERASED : id)).join(',');
  const message = 'a speaker that this job asked for was erased; send it again without that person';
  return { ...failure, message, details: { ...failure.details, speakerIds } };
}
