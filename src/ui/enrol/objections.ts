import type { EnrollResult, SampleReason } from '../../core/identification.js';

/** What the gate has against a recording that still goes on: that there is little of it yet does not count. */
export const objectionsOf = ({ reasons }: Pick<EnrollResult, 'reasons'>): readonly SampleReason[] =>
  reasons.filter(({ code, refuses }) => refuses && code !== 'TOO_LITTLE_SPEECH');
