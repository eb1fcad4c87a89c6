import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type SpokenAudio, spokenAudio } from '../support/spokenAudio.js';
import { FlowRunner } from './flowRunner.js';

/** What the editor stores for the typed inputs of enroll-speaker. */
const typed = {
  property: 'payload',
  propertyType: 'msg',
  speakerId: 'speakerId',
  speakerIdType: 'msg',
  speakerName: 'speakerName',
  speakerNameType: 'msg',
  isPath: true,
  consent: 'said yes',
  consentType: 'str',
};
export const enroll = {
  id: 'enroll',
  type: 'enroll-speaker',
  version: 1,
  store: 'store',
  wires: [['accepted'], ['refused']],
  ...typed,
};
export const accepted = { id: 'accepted', type: 'helper' };
export const refused = { id: 'refused', type: 'helper' };
export const enrolNodes = [enroll, accepted, refused];
/** identify-speakers for recordings, as it was stored by the first release, but for paths in its payload. */
export const whole = {
  id: 'identify',
  type: 'identify-speakers',
  version: 1,
  store: 'store',
  output: 'whole',
  wires: [['out']],
  property: 'payload',
  propertyType: 'msg',
  isPath: true,
  speakers: '',
  speakersType: 'str',
};
export const out = { id: 'out', type: 'helper' };
export const failures = [
  { id: 'on-error', type: 'catch', scope: null, uncaught: false, wires: [['failed']] },
  { id: 'failed', type: 'helper' },
];

/** Flows of one test file: speech made once, a runner for each test. */
export class VoiceFlow {
  audio!: SpokenAudio;
  flow!: FlowRunner;

  /** Registers the hooks of the file. */
  static use(): VoiceFlow {
    const used = new VoiceFlow();
    beforeAll(() => {
      used.audio = spokenAudio();
    });
    afterAll(() => used.audio[Symbol.dispose]());
    beforeEach(() => {
      used.flow = new FlowRunner();
    });
    afterEach(() => used.flow[Symbol.asyncDispose]());
    return used;
  }

  /** Enrols slt as Sally, by reference, and rms as Ray, by bytes. Needs `enrolNodes`. */
  async enrolBoth(): Promise<void> {
    const { flow, audio } = this;
    for (const [speakerId, speakerName, payload] of [
      ['sally', 'Sally', { path: audio.slt }],
      ['ray', 'Ray', readFileSync(audio.rms)],
    ] as const) {
      const done = flow.next('accepted');
      flow.node('enroll').receive({ payload, speakerId, speakerName });
      expect((await done).payload).toMatchObject({ speakerId, name: speakerName, status: 'complete' });
    }
  }

  /** What a catch node gets of it. Needs `failures`. */
  async failureOf(send: () => void): Promise<{ code: string; message: string }> {
    const failed = this.flow.next('failed');
    send();
    return (await failed).error as { code: string; message: string };
  }
}
