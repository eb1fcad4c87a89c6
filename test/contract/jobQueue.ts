import { afterEach, describe, expect, test } from 'vitest';
import type { JobOrder } from '../../src/jobs/job.js';
import type { JobQueue } from '../../src/jobs/jobQueue.js';
import type { WebhookOutbox } from '../../src/jobs/webhooks/webhookOutbox.js';

/** One place to keep jobs. `open` after `crash` is the next process; only one is open at a time. */
export interface QueuePlace {
  open(): Promise<{ readonly queue: JobQueue; readonly outbox: WebhookOutbox } & AsyncDisposable>;
  /** What is open ends without a word: claims are not handed back. */
  crash(): Promise<void>;
  /** Milliseconds since 1970, as the adapter sees it; tests move it on. */
  readonly clock: { nowMs: number };
}

/** The bounds every place of this suite has. */
export const CONTRACT_LIMITS = {
  maxJobs: 4,
  maxJobsOfTenant: 3,
  maxAudioBytes: 1_000,
  retryMs: 1_000,
  maxEndedJobsOfTenant: 3,
  maxOutcomeBytesOfTenant: 1_000,
};

export const order = (requestId: string, extra: Partial<JobOrder> = {}): JobOrder => ({
  tenantId: 't',
  requestId,
  call: '/v1/jobs',
  task: { kind: 'vad', minNonSpeechMs: 0 },
  audio: { kind: 'stored', audioId: `audio-${requestId}`, bytes: 10 },
  digest: `digest-${requestId}`,
  ...extra,
});

const FAILURE = { code: 'INTERNAL', message: 'it broke; try again', details: { tries: 1 } } as const;
const WEBHOOK = 'https://user:pass@example.org/hook';
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** What every adapter of JobQueue and WebhookOutbox owes its callers. Each case gets a place of its own. */
export function jobQueueContract(name: string, newPlace: () => QueuePlace): void {
  const used: QueuePlace[] = [];
  afterEach(async () => {
    for (const place of used.splice(0)) await place.crash();
  });
  const openNew = async () => {
    const place = newPlace();
    used.push(place);
    return { place, ...(await place.open()) };
  };
  const reopened = async (place: QueuePlace) => {
    await place.crash();
    return place.open();
  };

  describe(`JobQueue: ${name}`, () => {
    test('gives back what was put, also to the next process', async () => {
      const { place, queue } = await openNew();
      const rich = order('a', {
        task: { kind: 'identify', speakerIds: ['anna'], falseAcceptPercent: 0.1 },
        rawFormat: { encoding: 'mulaw', sampleRateHz: 8_000, channels: 1 },
        webhookUrl: 'https://example.org/',
        traceparent: TRACEPARENT,
      });
      const { job, isNew } = await queue.add(rich);
      expect(isNew).toBe(true);
      expect(job).toMatchObject({ ...rich, status: 'queued', tries: 0, createdAtMs: place.clock.nowMs });
      const next = await reopened(place);
      expect(await next.queue.get('t', 'a')).toEqual(job);
      expect(await next.queue.audioIds()).toEqual(new Set(['audio-a']));
    });

    test('the same request is the same job, another one under its id a conflict, in another tenant a new job', async () => {
      const { queue } = await openNew();
      await queue.add(order('a'));
      expect(await queue.add(order('a'))).toMatchObject({ isNew: false, job: { requestId: 'a' } });
      await expect(queue.add(order('a', { digest: 'other' }))).rejects.toMatchObject({ code: 'JOB_CONFLICT' });
      expect(await queue.add(order('a', { tenantId: 'u', digest: 'other' }))).toMatchObject({ isNew: true });
      expect((await queue.list('t', { limit: 10 })).jobs).toHaveLength(1);
      expect(await queue.get('v', 'a')).toBeUndefined();
    });

    test('a request that comes twice at once is one job', async () => {
      const { queue } = await openNew();
      const answers = await Promise.all([queue.add(order('a')), queue.add(order('a')), queue.add(order('a'))]);
      expect(answers.filter(({ isNew }) => isNew)).toHaveLength(1);
      expect((await queue.list('t', { limit: 10 })).jobs).toHaveLength(1);
    });

    test('what is over is bounded for each tenant, in jobs and in bytes: the oldest give way, but not untold ones', async () => {
      const { place, queue, outbox } = await openNew();
      const done = async (requestId: string, { result = '', webhookUrl = undefined as string | undefined } = {}) => {
        await queue.add(order(requestId, { webhookUrl }));
        await queue.settle((await queue.take())!, { result });
      };
      const kept = async () => (await queue.list('t', { limit: 20 })).jobs.map(({ requestId }) => requestId);
      await done('told', { webhookUrl: WEBHOOK });
      for (const id of ['a', 'b', 'c']) await done(id);
      expect(await kept()).toEqual(['c', 'b', 'told']);
      await queue.add(order('z', { tenantId: 'u' }));
      await queue.cancel('u', 'z');
      await queue.add(order('d'));
      await queue.cancel('t', 'd'); // counts as well
      expect(await kept()).toEqual(['d', 'c', 'told']);
      await outbox.bury((await outbox.take(place.clock.nowMs, 1))!.webhookId, { atMs: 0, httpStatus: 500 });
      await done('e');
      expect(await kept()).toEqual(['e', 'd', 'c']);
      expect(await outbox.dead('t', 10)).toEqual([]); // went with its job
      await done('large', { result: 'x'.repeat(2_000) });
      expect(await kept()).toEqual(['large']);
      const next = await reopened(place);
      expect((await next.queue.list('t', { limit: 20 })).jobs).toHaveLength(1);
      expect((await next.queue.list('u', { limit: 20 })).jobs).toHaveLength(1);
    });

    test('lists the jobs of one owner on request', async () => {
      const { place, queue } = await openNew();
      await queue.add(order('a', { ownerId: 'key-1' }));
      await queue.add(order('b', { ownerId: 'key-2' }));
      await queue.add(order('c'));
      const idsOf = async (from: JobQueue, ownerId?: string) =>
        (await from.list('t', { limit: 9, ownerId })).jobs.map(({ requestId }) => requestId);
      expect(await idsOf(queue)).toEqual(['c', 'b', 'a']);
      expect(await idsOf(queue, 'key-1')).toEqual(['a']);
      expect(await idsOf((await reopened(place)).queue, 'key-2')).toEqual(['b']);
    });

    test('what is kept of jobs is revised: those that wait, run and are over', async () => {
      const { place, queue } = await openNew();
      const task = { kind: 'identify', speakerIds: ['anna'] } as const;
      for (const id of ['done', 'running', 'waiting']) await queue.add(order(id, { task }));
      await queue.settle((await queue.take())!, { result: 'anna' });
      const running = (await queue.take())!;
      await queue.add(order('other', { tenantId: 'u', task }));
      const revised = await queue.revise('t', (job) => {
        const text = JSON.stringify(job);
        return text.includes('anna') ? JSON.parse(text.replaceAll('anna', 'nobody')) : undefined;
      });
      expect(revised.map(({ requestId }) => requestId).sort()).toEqual(['done', 'running', 'waiting']);
      await queue.settle(running, { result: 'anna speaks' });
      const next = await reopened(place);
      for (const id of ['done', 'running', 'waiting']) {
        expect(JSON.stringify(await next.queue.get('t', id))).not.toContain('anna');
      }
      expect(await next.queue.get('t', 'running')).toMatchObject({ outcome: { result: 'nobody speaks' } });
      expect(await next.queue.get('u', 'other')).toMatchObject({ task });
    });

    test('is bounded: for a tenant, in all, and in bytes', async () => {
      const { queue } = await openNew();
      const full = { code: 'JOBS_FULL', details: { retryAfterSeconds: expect.any(Number) } };
      for (const id of ['a', 'b', 'c']) await queue.add(order(id));
      await expect(queue.add(order('d'))).rejects.toMatchObject(full);
      await expect(queue.assertRoom('t', 'd')).rejects.toMatchObject(full);
      await queue.assertRoom('t', 'a'); // there already
      const large = order('e', { tenantId: 'u', audio: { kind: 'stored', audioId: 'e', bytes: 971 } });
      await expect(queue.add(large)).rejects.toMatchObject(full);
      await queue.add(order('e', { tenantId: 'u' }));
      await expect(queue.add(order('f', { tenantId: 'u' }))).rejects.toMatchObject(full);
      await queue.cancel('t', 'a');
      expect(await queue.add(order('f', { tenantId: 'u' }))).toMatchObject({ isNew: true });
    });

    test('hands out each job once, oldest first, tenants taking turns', async () => {
      const { queue } = await openNew();
      for (const id of ['a', 'b', 'c']) await queue.add(order(id));
      await queue.add(order('z', { tenantId: 'u' }));
      const ids = [];
      for (let claim = await queue.take(); claim; claim = await queue.take()) ids.push(claim.job.requestId);
      expect(ids).toEqual(['a', 'z', 'b', 'c']);
    });

    test('a settled job keeps its outcome, and is not handed out again', async () => {
      const { place, queue } = await openNew();
      await queue.add(order('a'));
      const claim = (await queue.take())!;
      expect(claim.job).toMatchObject({ status: 'running', tries: 1 });
      expect(await queue.heartbeat(claim, { doneMs: 500, totalMs: 1_000 })).toBe(true);
      expect(await queue.progressOf('t', 'a')).toEqual({ doneMs: 500, totalMs: 1_000 });
      expect(await queue.settle(claim, { result: { segments: [] } })).toBe(true);
      expect(await queue.settle(claim, { result: 'again' })).toBe(false);
      const next = await reopened(place);
      expect(await next.queue.get('t', 'a')).toMatchObject({ status: 'done', outcome: { result: { segments: [] } } });
      expect(await next.queue.take()).toBeUndefined();
      expect(await next.queue.audioIds()).toEqual(new Set());
    });

    test('a job whose process ended is handed out again, alone, and the try counts', async () => {
      const { place, queue } = await openNew();
      for (const id of ['a', 'b', 'c']) await queue.add(order(id));
      await queue.take();
      await queue.take();
      const next = await reopened(place);
      const first = (await next.queue.take())!;
      expect(first.job).toMatchObject({ requestId: 'a', tries: 2 });
      expect(await next.queue.take()).toBeUndefined(); // alone
      await next.queue.settle(first, { result: 1 });
      const second = (await next.queue.take())!;
      expect(second.job).toMatchObject({ requestId: 'b', tries: 2 });
      await next.queue.settle(second, { failure: FAILURE });
      expect((await next.queue.take())?.job).toMatchObject({ requestId: 'c', tries: 1 });
    });

    test('a job in work when two processes ended waits, so that a machine in trouble does not use up its tries', async () => {
      const { place, queue } = await openNew();
      await queue.add(order('a'));
      await queue.take();
      const second = await reopened(place);
      await second.queue.take();
      await second.queue.add(order('b'));
      const third = await reopened(place);
      const other = (await third.queue.take())!;
      expect(other.job).toMatchObject({ requestId: 'b', tries: 1 });
      await third.queue.settle(other, { result: 1 });
      expect(await third.queue.take()).toBeUndefined();
      place.clock.nowMs += 1_000;
      expect((await third.queue.take())?.job).toMatchObject({ requestId: 'a', tries: 3 });
    });

    test('a try that failed waits its time behind the others; one given back does not count', async () => {
      const { place, queue } = await openNew();
      for (const id of ['a', 'b']) await queue.add(order(id));
      const claim = (await queue.take())!;
      await queue.retryLater(claim, place.clock.nowMs + 1_000, FAILURE);
      expect(await queue.heartbeat(claim)).toBe(false);
      const other = (await queue.take())!;
      expect(other.job.requestId).toBe('b');
      await queue.giveBack(other);
      expect((await queue.take())?.job).toMatchObject({ requestId: 'b', tries: 1 });
      expect(await queue.take()).toBeUndefined();
      expect(await queue.nextDueMs(place.clock.nowMs)).toBe(place.clock.nowMs + 1_000);
      place.clock.nowMs += 1_000;
      expect((await queue.take())?.job).toMatchObject({ requestId: 'a', tries: 2, lastFailure: FAILURE });
    });

    test('says when the next try is due, whatever else waits: jobs that are held, or due already', async () => {
      const { place, queue } = await openNew();
      const { nowMs } = place.clock;
      const isHeld = (tenantId: string) => tenantId === 'held';
      for (const requestId of ['now', 'soon']) await queue.add(order(requestId, { tenantId: 'held' }));
      await queue.retryLater((await queue.take())!, nowMs + 500, FAILURE);
      await queue.add(order('later'));
      const later = (await queue.take(isHeld))!;
      expect(later.job.requestId).toBe('later');
      await queue.retryLater(later, nowMs + 1_000, FAILURE);
      expect(await queue.take(isHeld)).toBeUndefined();
      expect(await queue.nextDueMs(nowMs, isHeld)).toBe(nowMs + 1_000);
      expect(await queue.nextDueMs(nowMs)).toBe(nowMs + 500);
      expect(await queue.nextDueMs(nowMs + 1_000)).toBeUndefined();
    });

    test('cancelling revokes the claim on a job, and erasing removes it', async () => {
      const { place, queue } = await openNew();
      await queue.add(order('a', { webhookUrl: WEBHOOK }));
      await queue.add(order('b'));
      const claim = (await queue.take())!;
      expect(await queue.erase('t', 'a')).toBe(false); // not over
      expect(await queue.cancel('t', 'a')).toMatchObject({ status: 'cancelled' });
      expect(await queue.cancel('t', 'b')).toMatchObject({ status: 'cancelled' });
      expect(await queue.heartbeat(claim)).toBe(false);
      expect(await queue.settle(claim, { result: 1 })).toBe(false);
      expect(await queue.cancel('u', 'a')).toBeUndefined();
      const next = await reopened(place);
      expect(await next.queue.get('t', 'a')).toMatchObject({ status: 'cancelled' });
      expect(await next.outbox.ofJob('t', 'a')).toBeUndefined();
      expect(await next.queue.take()).toBeUndefined();
      expect(await next.queue.erase('t', 'a')).toBe(true);
      expect(await next.queue.get('t', 'a')).toBeUndefined();
    });

    test('audio of a job is booked once, on the day it ended: by its furthest try, in the next process too, and erased or not', async () => {
      const { place, queue } = await openNew();
      const today = new Date(place.clock.nowMs).toISOString().slice(0, 10);
      await queue.add(order('a'));
      const first = (await queue.take())!;
      await queue.heartbeat(first, { doneMs: 5_000, totalMs: undefined });
      await queue.retryLater(first, place.clock.nowMs, FAILURE);
      expect(queue.audioUsedMs('t', today)).toBe(0); // not over
      const again = (await queue.take())!;
      await queue.heartbeat(again, { doneMs: 3_000, totalMs: undefined });
      const next = await reopened(place); // the process was killed: what it did is not known
      place.clock.nowMs += 1_000;
      const last = (await next.queue.take())!;
      await next.queue.heartbeat(last, { doneMs: 4_000, totalMs: undefined });
      expect(await next.queue.settle(last, { result: 1 })).toBe(true);
      expect(await next.queue.settle(last, { result: 1 })).toBe(false);
      expect(await next.queue.get('t', 'a')).toMatchObject({ audioMs: 5_000 });
      expect([next.queue.audioUsedMs('t', today), next.queue.audioUsedMs('u', today)]).toEqual([5_000, 0]);
      await next.queue.erase('t', 'a');
      await next.queue.add(order('a')); // under the same id, but another one
      const cancelled = (await next.queue.take())!;
      await next.queue.heartbeat(cancelled, { doneMs: 1_000, totalMs: undefined });
      await next.queue.cancel('t', 'a');
      const after = await reopened(place);
      expect(after.queue.audioUsedMs('t', today)).toBe(6_000);
      place.clock.nowMs += 86_400_000;
      await after.queue.expire(0);
      const tomorrow = await reopened(place);
      expect(tomorrow.queue.audioUsedMs('t', today)).toBe(0);
    });

    test('jobs of a held tenant wait, and do not block others', async () => {
      const { place, queue } = await openNew();
      await queue.add(order('a'));
      await queue.take();
      const next = await reopened(place); // what is handed out alone stands in no way either
      await next.queue.add(order('z', { tenantId: 'u' }));
      const isHeld = (tenantId: string) => tenantId === 't';
      expect((await next.queue.take(isHeld))?.job.requestId).toBe('z');
      expect(await next.queue.take(isHeld)).toBeUndefined();
      expect(await next.queue.get('t', 'a')).toMatchObject({ tries: 1 });
    });

    test('lists page by page, newest first, without outcomes', async () => {
      const { queue } = await openNew();
      for (const id of ['a', 'b', 'c']) await queue.add(order(id));
      await queue.settle((await queue.take())!, { result: 1 });
      const one = await queue.list('t', { limit: 2 });
      expect(one.jobs.map(({ requestId }) => requestId)).toEqual(['c', 'b']);
      const two = await queue.list('t', { limit: 2, cursor: one.cursor });
      expect(two.jobs.map(({ requestId }) => requestId)).toEqual(['a']);
      expect(two.jobs[0]).not.toHaveProperty('outcome');
      expect(two.cursor).toBeUndefined();
    });

    test('ended jobs expire, jobs that wait too long can be claimed to be ended', async () => {
      const { place, queue } = await openNew();
      await queue.add(order('a'));
      await queue.settle((await queue.take())!, { result: 1 });
      await queue.add(order('b'));
      expect(await queue.takeOverdue(place.clock.nowMs)).toBeUndefined();
      expect(await queue.expire(place.clock.nowMs)).toBe(0);
      place.clock.nowMs += 5_000;
      expect(await queue.expire(place.clock.nowMs)).toBe(1);
      expect(await queue.get('t', 'a')).toBeUndefined();
      expect((await queue.takeOverdue(place.clock.nowMs))?.job.requestId).toBe('b');
    });
  });

  describe(`WebhookOutbox: ${name}`, () => {
    /** A job that is done, and its message in the outbox. */
    const settled = async (opened: { readonly queue: JobQueue }, requestId: string, tenantId = 't') => {
      await opened.queue.add(order(requestId, { tenantId, webhookUrl: WEBHOOK, traceparent: TRACEPARENT }));
      await opened.queue.settle((await opened.queue.take())!, { result: 1 });
    };

    test('a message is claimed once, and by the next process under the same id', async () => {
      const { place, queue, outbox } = await openNew();
      await settled({ queue }, 'a');
      const delivery = (await outbox.take(place.clock.nowMs, 4))!;
      const message = { tenantId: 't', requestId: 'a', url: WEBHOOK, traceparent: TRACEPARENT };
      expect(delivery).toMatchObject({ ...message, status: 'waiting', tries: 0 });
      expect(await outbox.take(place.clock.nowMs, 4)).toBeUndefined();
      const next = await reopened(place);
      expect((await next.outbox.take(place.clock.nowMs, 4))?.webhookId).toBe(delivery.webhookId);
    });

    test('delivered is delivered', async () => {
      const { place, queue, outbox } = await openNew();
      await settled({ queue }, 'a');
      const { webhookId } = (await outbox.take(place.clock.nowMs, 4))!;
      await outbox.delivered(webhookId);
      const next = await reopened(place);
      expect(await next.outbox.take(place.clock.nowMs, 4)).toBeUndefined();
      expect(await next.outbox.nextDueMs(0)).toBeUndefined();
      expect(await next.outbox.ofJob('t', 'a')).toMatchObject({
        webhookId,
        status: 'delivered',
        tries: 1,
      });
    });

    test('a failed message waits for its next attempt, and messages to one host are limited', async () => {
      const { place, queue, outbox } = await openNew();
      for (const id of ['a', 'b', 'c']) await settled({ queue }, id);
      const { nowMs } = place.clock;
      const one = (await outbox.take(nowMs, 2))!;
      const two = (await outbox.take(nowMs, 2))!;
      expect(await outbox.take(nowMs, 2)).toBeUndefined();
      await outbox.retryLater(one.webhookId, { atMs: nowMs, httpStatus: 503 }, nowMs + 500);
      const three = (await outbox.take(nowMs, 2))!;
      expect(new Set([one, two, three].map(({ webhookId }) => webhookId)).size).toBe(3);
      await outbox.giveBack(two.webhookId);
      expect((await outbox.take(nowMs, 2))?.webhookId).toBe(two.webhookId);
      expect(await outbox.nextDueMs(nowMs)).toBe(nowMs + 500);
      // One that is due and held back does not hide when the next becomes due.
      await outbox.giveBack(three.webhookId);
      expect(await outbox.nextDueMs(nowMs)).toBe(nowMs + 500);
      expect((await outbox.take(nowMs, 2))?.webhookId).toBe(three.webhookId);
      await outbox.delivered(two.webhookId);
      expect(await outbox.take(nowMs + 500, 2)).toMatchObject({
        webhookId: one.webhookId,
        tries: 1,
        lastFailure: { atMs: nowMs, httpStatus: 503 },
      });
    });

    test('dead ones can be seen by their tenant, and sent again under the same id', async () => {
      const { place, queue, outbox } = await openNew();
      await settled({ queue }, 'a');
      const { nowMs } = place.clock;
      const { webhookId } = (await outbox.take(nowMs, 4))!;
      expect(await outbox.resend('t', webhookId, nowMs)).toBeUndefined(); // not dead
      await outbox.bury(webhookId, { atMs: nowMs, code: 'URL_TIMEOUT' });
      expect(await outbox.dead('u', 10)).toEqual([]);
      expect(await outbox.dead('t', 10)).toMatchObject([
        { webhookId, requestId: 'a', lastFailure: { code: 'URL_TIMEOUT' } },
      ]);
      expect(await outbox.take(nowMs, 4)).toBeUndefined();
      expect(await outbox.resend('u', webhookId, nowMs)).toBeUndefined();
      expect(await outbox.resend('t', webhookId, nowMs)).toMatchObject({ webhookId, status: 'waiting', tries: 0 });
      expect(await outbox.dead('t', 10)).toEqual([]);
      expect(await outbox.take(nowMs, 4)).toMatchObject({ webhookId, url: WEBHOOK });
    });

    test('the message about a job that is erased is gone, and a job is kept while its message may be sent', async () => {
      const { place, queue, outbox } = await openNew();
      await settled({ queue }, 'a');
      await settled({ queue }, 'b');
      const { nowMs } = place.clock;
      const taken = (await outbox.take(nowMs, 4))!;
      expect(await queue.expire(nowMs + 1)).toBe(0);
      await queue.erase('t', 'a');
      await outbox.retryLater(taken.webhookId, { atMs: nowMs, httpStatus: 500 }, nowMs); // under way meanwhile
      const next = await reopened(place);
      expect((await next.outbox.take(nowMs, 4))?.requestId).toBe('b');
      expect(await next.outbox.take(nowMs, 4)).toBeUndefined();
      const { webhookId } = (await next.outbox.ofJob('t', 'b'))!;
      await next.outbox.bury(webhookId, { atMs: nowMs, httpStatus: 500 });
      expect(await next.queue.expire(nowMs + 1)).toBe(0); // may be sent again
      await next.outbox.drop(webhookId);
      expect(await next.queue.expire(nowMs + 1)).toBe(1);
      expect(await next.outbox.dead('t', 9)).toEqual([]);
    });

    test('what is over expires, dead later than delivered', async () => {
      const { place, queue, outbox } = await openNew();
      for (const id of ['a', 'b']) await settled({ queue }, id);
      const { nowMs } = place.clock;
      const ids = [(await outbox.take(nowMs, 4))!.webhookId, (await outbox.take(nowMs, 4))!.webhookId];
      await outbox.delivered(ids[0]!);
      await outbox.bury(ids[1]!, { atMs: nowMs, httpStatus: 500 });
      expect(await outbox.expire({ delivered: nowMs + 1, dead: nowMs })).toBe(1);
      expect(await outbox.dead('t', 10)).toHaveLength(1);
      expect(await outbox.expire({ delivered: nowMs + 1, dead: nowMs + 1 })).toBe(1);
      expect(await outbox.dead('t', 10)).toEqual([]);
    });
  });
}
