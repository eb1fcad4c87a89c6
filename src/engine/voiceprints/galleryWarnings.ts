import type { Warning } from '../../core/identification.js';
import type { EnrolledPeople } from './enrolledPeople.js';

/** Why people cannot be named when all are looked for: none is enrolled, or only with another model. */
export function galleryWarnings({ stale, gallery }: Pick<EnrolledPeople, 'stale' | 'gallery'>): Warning[] {
  if (stale > 0) {
    const people = stale === 1 ? '1 person was' : `${stale} people were`;
    const message = `${people} enrolled with another speaker model and could not be recognised; enrol them again, or use that model`;
    return [{ code: 'VOICEPRINT_STALE', message }];
  }
  if (gallery.view.people > 0) return [];
  const message = 'no speaker is enrolled, so every voice is unknown; enrol the people who should be named';
  return [{ code: 'NOBODY_ENROLLED', message }];
}
