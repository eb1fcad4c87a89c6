import { describe, expect, test } from 'vitest';
import { VoicePrintsError } from '../../src/core/errors.js';
import { MAX_PEOPLE, voiceLimitsOf } from '../../src/core/peopleCount.js';

describe('limits of the number of voices', () => {
  test.each([
    { known: {}, minVoices: undefined, maxVoices: undefined },
    { known: { speakerCount: 3 }, minVoices: 3, maxVoices: 3 },
    { known: { maxSpeakers: 3 }, minVoices: undefined, maxVoices: 3 },
    { known: { speakerCount: 3, maxSpeakers: 5 }, minVoices: 3, maxVoices: 3 },
    { known: { speakerCount: MAX_PEOPLE }, minVoices: MAX_PEOPLE, maxVoices: MAX_PEOPLE },
  ])('$known', ({ known, minVoices, maxVoices }) => {
    expect(voiceLimitsOf(known)).toEqual({ minVoices, maxVoices });
  });

  test.each([
    { speakerCount: 0 },
    { speakerCount: 1.5 },
    { speakerCount: MAX_PEOPLE + 1 },
    { maxSpeakers: -1 },
    { maxSpeakers: Number.NaN },
    { speakerCount: 4, maxSpeakers: 3 },
  ])('%j is refused with what to do', (known) => {
    const limits = () => voiceLimitsOf(known);
    expect(limits).toThrow(VoicePrintsError);
    expect(limits).toThrow(/(maxSpeakers|speakerCount).*; (leave it out|give one of them)/);
  });
});
