import type { LiveTurn } from '../../src/core/live.js';
import type { EventContext } from '../../src/events/speakerEvent.js';

export const context: EventContext = { site: 'door', sessionId: 's1', model: 'm', threshold: 0.62346 };
export const place = { base: 'speaker-id', site: 'door' };

/** A final turn of Alice's; `about` is what the test is about. */
export const liveTurn = (about: Partial<LiveTurn> = {}): LiveTurn => ({
  turnId: 't1',
  isFinal: true,
  start: 1.5,
  end: 3.25,
  speechSeconds: 1.6,
  decision: 'identified',
  speakerId: 'alice',
  name: 'Alice',
  cluster: null,
  score: 0.97123456,
  margin: 0.4,
  overlap: false,
  candidates: [{ speakerId: 'alice', name: 'Alice', score: 0.97123456, cosine: 0.7 }],
  ...about,
});

/** A stranger's. */
export const strangersTurn = (cluster: string, about: Partial<LiveTurn> = {}): LiveTurn =>
  liveTurn({ decision: 'unknown', speakerId: null, name: null, cluster, score: 0.1, ...about });
