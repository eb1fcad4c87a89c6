import { expect, test } from 'vitest';
import { strangersPolicyOf } from '../../../src/core/strangers.js';
import type { FeedbackRecord } from '../../../src/engine/turns/feedbackRecord.js';
import type { TurnEntry } from '../../../src/engine/turns/turnEntry.js';
import { TURN_MEMORY, TurnMemory } from '../../../src/engine/turns/turnMemory.js';

const HOUR_MS = 3_600_000;

const entry = (turnId: string, more: Partial<TurnEntry> = {}): TurnEntry => ({
  turnId,
  conversationId: 'c',
  kind: 'recording',
  site: null,
  heardAtMs: 0,
  start: 0,
  end: 3,
  speechSeconds: 3,
  voice: '1',
  decision: 'unknown',
  speakerId: null,
  cluster: 'unknown-1',
  score: 0,
  margin: 0,
  cosine: null,
  acceptScore: 0.9,
  overlap: false,
  candidates: [],
  said: undefined,
  sound: { embedding: new Float32Array([1, 0]), isNarrowBand: false },
  soundUntilMs: undefined,
  ...more,
});

const feedbackRecord = (feedbackId: string, superseded: readonly FeedbackRecord[]): FeedbackRecord => ({
  feedbackId,
  givenAtMs: 0,
  verdict: 'correct',
  speakerId: 'alice',
  speakerIds: new Set(['alice']),
  turnIds: [],
  saidBefore: new Map(),
  learning: { outcome: 'none', speechSeconds: 0, reasons: [] },
  voiceprint: undefined,
  session: undefined,
  unknownVoice: undefined,
  superseded,
  isUndone: false,
  hasErased: false,
});

const named = { decision: 'identified', speakerId: 'alice', cluster: null } as const;

test.each([
  { strangers: 'none', kind: 'recording', heard: [false, false] },
  { strangers: 'session', kind: 'recording', heard: [true, false] },
  { strangers: 'days=2', kind: 'recording', heard: [true, true] },
  { strangers: 'days=0.05', kind: 'recording', heard: [true, false] },
  { strangers: 'none', kind: 'live', heard: [false, false] },
  { strangers: 'session', kind: 'live', heard: [true, true] },
  { strangers: 'days=0.05', kind: 'live', heard: [true, false] },
] as const)('with $strangers the sound of a stranger in a $kind is kept as promised', ({ strangers, kind, heard }) => {
  let nowMs = 0;
  using memory = new TurnMemory(() => nowMs, true);
  const policy = strangersPolicyOf(strangers)!;
  memory.add('t', entry('stranger', { kind }), policy);
  memory.add('t', entry('alice', { kind, ...named }), policy);
  const hasSound = () => memory.turn('t', 'stranger')?.sound !== undefined;
  const kept = [hasSound()];
  nowMs = 2 * HOUR_MS;
  kept.push(hasSound());
  expect(kept).toEqual(heard);
  expect(memory.turn('t', 'alice')?.sound, 'somebody enrolled has agreed').toBeDefined();
  nowMs = TURN_MEMORY.keepMs;
  expect(memory.turns('t')).toEqual([]);
});

test('the sound of a stranger goes with the session, a turn that a person has named stays learnable', () => {
  using memory = new TurnMemory(() => 0, true);
  const policy = strangersPolicyOf('session')!;
  memory.add('t', entry('stranger', { kind: 'live' }), policy);
  const said = { feedbackId: 'f', verdict: 'correct', speakerId: 'alice' } as const;
  memory.add('t', entry('corrected', { kind: 'live', said }), policy);
  memory.endSession('t', 'c');
  expect(memory.turns('t').map(({ sound }) => sound !== undefined)).toEqual([false, true]);
});

test('memory is bounded for each tenant and in all, and a tenant sees only its own', () => {
  using memory = new TurnMemory(() => 0, true);
  const policy = strangersPolicyOf('none')!;
  const tenants = Array.from({ length: 21 }, (_, i) => `tenant ${i}`);
  for (const tenant of tenants)
    for (let i = 0; i < TURN_MEMORY.mostTurns + 5; i += 1) memory.add(tenant, entry(`${i}`), policy);
  const counts = tenants.map((tenant) => memory.turns(tenant).length);
  expect(Math.max(...counts)).toBeLessThanOrEqual(TURN_MEMORY.mostTurns);
  expect(counts.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(TURN_MEMORY.mostTurnsInAll);
  expect(memory.turn('tenant 20', `${TURN_MEMORY.mostTurns + 4}`)).toBeDefined();
  expect(memory.turns('another')).toEqual([]);
});

test('an erased person is gone from turns, candidates and what was said', () => {
  using memory = new TurnMemory(() => 0, true);
  const policy = strangersPolicyOf('session')!;
  const candidates = ['alice', 'bob'].map((speakerId) => ({ speakerId, score: 0.5, cosine: 0.5 }));
  memory.add('t', entry('own', { ...named, candidates }), policy);
  memory.add('t', entry('other', { candidates }), policy);
  memory.erase('t', 'alice');
  expect(memory.turns('t')).toMatchObject([{ turnId: 'other', candidates: [{ speakerId: 'bob' }] }]);
});

test('people who correct each other do not fill the memory: what one piece of feedback supersedes ends with it', () => {
  using memory = new TurnMemory(() => 0, true);
  let last: FeedbackRecord | undefined;
  for (let i = 0; i < 3 * TURN_MEMORY.mostFeedback; i += 1) {
    last = feedbackRecord(`${i}`, last ? [last] : []);
    memory.addFeedback('t', last);
  }
  let chain = 0;
  for (let one = last; one; one = one.superseded[0]) chain += 1;
  expect(chain).toBe(TURN_MEMORY.mostFeedback + 1);
});

test('nothing is remembered where that is switched off', () => {
  using memory = new TurnMemory(() => 0, false);
  memory.add('t', entry('one'), strangersPolicyOf('days=1')!);
  expect(memory.turns('t')).toEqual([]);
});
