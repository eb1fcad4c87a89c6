import type { IdentifiedSegment } from '../core/identification.js';
import { printableLine } from './printable.js';

/** A segment of a recording or a turn of a live stream. */
type Labelled = Pick<IdentifiedSegment, 'name' | 'speakerId' | 'decision' | 'cluster'>;

/** Label of a segment in every output: the name, the name with a question mark, or the unknown voice's cluster. */
export function voiceLabel(segment: Labelled): string {
  const called = segment.name ?? segment.speakerId;
  const name = called === null ? null : printableLine(called);
  if (segment.decision === 'identified' && name !== null) return name;
  const cluster = segment.cluster ?? 'unknown';
  return segment.decision === 'uncertain' && name !== null ? `${cluster} (${name}?)` : cluster;
}

/** Unique id of a voice: the speaker where identified, else the cluster. */
export const voiceId = (segment: Labelled): string =>
  (segment.decision === 'identified' ? segment.speakerId : segment.cluster) ?? segment.speakerId ?? 'unknown';
