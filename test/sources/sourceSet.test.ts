import { afterEach, expect, test, vi } from 'vitest';
import { VoicePrintsError } from '../../src/core/errors.js';
import type { LiveAudio, LiveEvent, LiveItem } from '../../src/core/live.js';
import type { Engine } from '../../src/engine/engine.js';
import type { LiveSession } from '../../src/engine/requests/liveSession.js';
import type { SpeakerEvent } from '../../src/events/index.js';
import type { SourceClaim, SourcePlaces } from '../../src/sources/sourcePlaces.js';
import { SourceSet } from '../../src/sources/sourceSet.js';
import type { SourceSpec } from '../../src/sources/sourceSpec.js';
import type { SourceStatus } from '../../src/sources/sourceStatus.js';
import { scriptedEngine } from '../support/scriptedEngine.js';
import { until } from '../support/until.js';

const open: SourceSet[] = [];
afterEach(async () => {
  for (const set of open.splice(0)) await set[Symbol.asyncDispose]();
  vi.useRealTimers();
});

/** Delivers `open`, then nothing, until it is stopped: then one last item and the end. */
async function* cameraUntil(signal: AbortSignal): AsyncGenerator<LiveItem> {
  yield { type: 'state', state: { status: 'open' } };
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  yield { type: 'state', state: { status: 'ended' } };
}

/** Tells the states of its audio, and a rejected turn where the audio ends. */
const watching: Engine['watch'] = ({ audio, site }) => {
  async function* events(): AsyncGenerator<LiveEvent> {
    for await (const item of audio) {
      if (item.type !== 'state') continue;
      if (item.state.status === 'ended' && item.state.code === undefined) {
        yield { type: 'rejected', turnId: 't', start: 0, end: 1, reason: 'TOO_SHORT', timestampMs: 0 };
      }
      yield { type: 'state', state: item.state, timestampMs: 0 };
    }
  }
  return { sessionId: 's', site, events, [Symbol.asyncDispose]: async () => {} } as unknown as LiveSession;
};

const engine = (watch: Engine['watch'] = watching): Engine => ({
  ...scriptedEngine({ watch }),
  model: { id: 'm' } as never,
});
const spec = (id: string, about: Partial<SourceSpec> = {}): SourceSpec => ({
  id,
  site: id,
  source: 'mic:',
  isLooped: false,
  ...about,
});

function setOf(
  about: {
    engine?: () => Promise<Engine>;
    audio?: (signal: AbortSignal) => AsyncGenerator<LiveItem>;
    places?: SourcePlaces;
  } = {},
) {
  const changes: SourceStatus[] = [];
  const events: SpeakerEvent[] = [];
  const removed: string[] = [];
  const set = new SourceSet({
    openEngine: about.engine ?? (async () => engine()),
    openAudio: (_spec, signal) => (about.audio ?? cameraUntil)(signal) as unknown as LiveAudio,
    observer: {
      opened: () => undefined,
      closed: () => undefined,
      event: (event) => events.push(event),
      changed: (status) => changes.push(status),
      removed: (id) => removed.push(id),
    },
    presenceWindowMs: 1_000,
    backoff: { firstMs: 5, maxMs: 20 },
    places: about.places,
  });
  open.push(set);
  const statusOf = (id: string) => set.statuses.find(({ source }) => source === id)?.status;
  return { set, changes, events, removed, statusOf };
}

test('a source that is as before goes on, one that changed begins anew, one that is gone ends', async () => {
  let opened = 0;
  const audio = (signal: AbortSignal) => {
    opened += 1;
    return cameraUntil(signal);
  };
  const { set, statusOf, removed, events } = setOf({ audio });
  set.apply([spec('a'), spec('b'), spec('c')]);
  await until(() => ['a', 'b', 'c'].every((id) => statusOf(id) === 'open'));
  set.apply([spec('a'), spec('b', { speakerIds: ['alice'] })]);
  expect(removed).toEqual(['c']);
  await until(() => opened === 4 && statusOf('b') === 'open');
  expect(
    set.statuses.map(({ source, turns }) => [source, turns.rejected]),
    'the last turn of b is told',
  ).toEqual([
    ['a', 0],
    ['b', 1],
  ]);
  expect(events.filter(({ site, event_type }) => site === 'c' && event_type === 'rejected')).toEqual([]);
});

test('stopped by a command until started; who is unknown is refused', async () => {
  const { set, statusOf } = setOf();
  set.apply([spec('a', { site: 'home' }), spec('b', { site: 'home' })]);
  await until(() => statusOf('a') === 'open' && statusOf('b') === 'open');
  set.stop({ source: 'a', site: undefined });
  await until(() => statusOf('a') === 'stopped');
  expect(statusOf('b')).toBe('open');
  set.stop({ source: undefined, site: 'home' });
  await until(() => statusOf('b') === 'stopped');
  set.start({ source: undefined, site: undefined });
  await until(() => statusOf('a') === 'open' && statusOf('b') === 'open');
  for (const target of [
    { source: 'x', site: undefined },
    { source: 'a', site: 'garden' },
  ]) {
    expect(() => set.stop(target)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  }
});

test('a store that fails, and a source that ends with a fault, are tried again', async () => {
  let tries = 0;
  const { statusOf, changes, events, set } = setOf({
    engine: async () => {
      tries += 1;
      if (tries < 3) throw new VoicePrintsError('REGISTRY_UNAVAILABLE', 'the folder does not answer; wait');
      return engine();
    },
    audio: async function* (signal) {
      if (tries >= 5) return yield* cameraUntil(signal);
      yield { type: 'state', state: { status: 'ended', code: 'LIVE_NOT_FOUND', message: 'no such stream; check it' } };
    },
  });
  set.apply([spec('a')]);
  await until(() => statusOf('a') === 'open');
  expect(changes.map(({ status, code }) => code ?? status)).toEqual([
    ...['connecting', 'REGISTRY_UNAVAILABLE', 'LIVE_NOT_FOUND', 'open'],
  ]);
  const told = events.filter((event) => event.event_type === 'stream');
  expect(told.map(({ status, attempt }) => [status, attempt]).slice(0, 4)).toEqual(
    [1, 2, 3, 4].map((n) => ['retrying', n]),
  );
});

test('a source is on within its schedule', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: new Date(2026, 10, 30, 6, 59, 50) });
  const { set, statusOf } = setOf();
  set.apply([spec('a', { schedule: [{ days: [1], from: 7 * 60, to: 8 * 60 }] })]);
  expect(statusOf('a')).toBe('scheduled');
  vi.advanceTimersByTime(15_000);
  await until(() => statusOf('a') === 'open');
  vi.setSystemTime(new Date(2026, 10, 30, 8, 0, 0));
  vi.advanceTimersByTime(5_000);
  await until(() => statusOf('a') === 'scheduled');
});

/** Leases that the test gives and takes. */
class GivenLeases implements SourcePlaces {
  readonly log: string[] = [];
  readonly #claims = new Map<string, { token: number | undefined; isElsewhere: boolean; readonly tell: () => void }>();

  claim({ name, group }: { readonly name: string; readonly group: string }, tell: () => void): SourceClaim {
    const known = { token: undefined, isElsewhere: false, tell };
    this.#claims.set(name, known);
    const { log } = this;
    return {
      name,
      group,
      report: undefined,
      get token() {
        return known.token;
      },
      get isElsewhere() {
        return known.isElsewhere;
      },
      want: () => undefined,
      giveBack: () => log.push(`${name} given back`),
    };
  }

  drop({ name }: SourceClaim): void {
    this.log.push(`${name} dropped`);
  }

  set(name: string, token: number | undefined, isElsewhere = false): void {
    const claim = this.#claims.get(name)!;
    claim.token = token;
    claim.isElsewhere = isElsewhere;
    claim.tell();
  }
}

test('a shared source is listened to while its lease is held; what comes after that is not told', async () => {
  const places = new GivenLeases();
  const audio = async function* (signal: AbortSignal): AsyncGenerator<LiveItem> {
    places.log.push('opened');
    yield* cameraUntil(signal);
    places.log.push('closed');
  };
  const { set, statusOf, changes, events, removed } = setOf({ audio, places });
  set.apply([spec('a')]);
  expect(statusOf('a')).toBe('waiting');
  places.set('a', undefined, true);
  expect(statusOf('a')).toBe('elsewhere');
  expect(places.log).not.toContain('opened');

  places.set('a', 7);
  await until(() => statusOf('a') === 'open');
  expect(set.statuses[0]).toMatchObject({ lease: 7 });
  expect(events.map(({ event_type, lease }) => [event_type, lease])).toEqual([['stream', 7]]);
  places.log.length = 0;
  places.set('a', undefined);
  await until(() => statusOf('a') === 'waiting');
  expect(places.log, 'never before it has stopped').toEqual(['closed', 'a given back']);
  expect(events, 'its last turn').toHaveLength(1);

  places.set('a', 9);
  await until(() => statusOf('a') === 'open');
  places.log.length = 0;
  await set.drain();
  expect(places.log).toEqual(['closed', 'a given back']);
  expect(events.filter(({ event_type }) => event_type === 'rejected').map(({ lease }) => lease)).toEqual([9]);
  expect(changes.map(({ status }) => status)).not.toContain('stopped');
  expect(removed).toEqual([]);
});

test('what is retained of a source is withdrawn by the process that listens to it', async () => {
  const places = new GivenLeases();
  const { set, statusOf, removed } = setOf({ places });
  set.apply([spec('a'), spec('b')]);
  places.set('a', 1);
  places.set('b', undefined, true);
  await until(() => statusOf('a') === 'open');
  set.apply([]);
  expect(removed).toEqual(['a']);
  expect(
    places.log.filter((line) => line.endsWith('dropped')),
    'a still listens',
  ).toEqual(['b dropped']);
  await until(() => places.log.includes('a dropped'));
});
