import { afterEach, describe, expect, test } from 'vitest';
import type { UnknownVoices } from '../../src/registry/unknownVoices.js';
import { randomUnknownVoice } from '../registry/randomUnknownVoice.js';

export const KEEP_MS = 1_000;
export const MOST_VOICES = 3;

/** One place to keep unknown voices, opened as often as a case wants; kept for KEEP_MS, MOST_VOICES of a tenant. */
export interface UnknownVoicesPlace {
  open(nowMs?: () => number): Promise<UnknownVoices>;
}

/** What every adapter of UnknownVoices owes its callers. Each case gets a place of its own. */
export function unknownVoicesContract(name: string, newPlace: () => UnknownVoicesPlace): void {
  describe(`UnknownVoices: ${name}`, () => {
    const opened: UnknownVoices[] = [];
    const open = async (place: UnknownVoicesPlace, nowMs: () => number = () => 0) => {
      const voices = await place.open(nowMs);
      opened.push(voices);
      return voices;
    };
    afterEach(async () => {
      for (const voices of opened.splice(0)) await voices[Symbol.asyncDispose]();
    });
    const heard = async (voices: UnknownVoices, tenantId: string, lastHeardMs = 0) => {
      const id = await voices.newId(tenantId);
      const voice = randomUnknownVoice({ id, lastHeardMs, expiresAtMs: lastHeardMs + KEEP_MS });
      expect(await voices.put(tenantId, voice)).toBe(true);
      return voice;
    };
    const idsOf = async (voices: UnknownVoices, tenantId = 't') => (await voices.list(tenantId)).map(({ id }) => id);

    test('an empty store has none', async () => {
      const voices = await open(newPlace());
      expect(await voices.list('t')).toEqual([]);
      expect(await voices.delete('t', 'unknown-1')).toBe(false);
      expect(await voices.expire(1e15)).toBe(0);
    });

    test('gives back exactly what was put: at once, and after closing and opening again', async () => {
      const place = newPlace();
      const first = await open(place);
      const voice = await heard(first, 't');
      expect(await first.list('t')).toEqual([voice]);
      await first[Symbol.asyncDispose]();
      expect(await (await open(place)).list('t')).toEqual([voice]);
    });

    test('what is flushed another process sees, with the newest form of each voice', async () => {
      const place = newPlace();
      const [a, b] = [await open(place), await open(place)];
      const voice = await heard(a, 't');
      await a.put('t', { ...voice, speechMs: 99_000 });
      await a.flush();
      expect((await b.list('t'))[0]?.speechMs).toBe(99_000);
    });

    test('numbers count up within a tenant and are never given twice', async () => {
      const place = newPlace();
      const [a, b] = [await open(place), await open(place)];
      expect([await a.newId('t'), await b.newId('t'), await a.newId('t')]).toEqual([
        'unknown-1',
        'unknown-2',
        'unknown-3',
      ]);
      expect(await a.newId('other')).toBe('unknown-1');
      const voice = await heard(a, 't');
      await a.delete('t', voice.id);
      await a[Symbol.asyncDispose]();
      expect(await (await open(place)).newId('t')).toBe('unknown-5');
    });

    test('tenants are apart', async () => {
      const voices = await open(newPlace());
      const mine = await heard(voices, 'mine');
      const theirs = await heard(voices, 'theirs');
      expect(await voices.delete('mine', mine.id)).toBe(true);
      expect(await voices.list('mine')).toEqual([]);
      expect(await voices.list('theirs')).toEqual([theirs]);
    });

    test('lists in the order of the numbers', async () => {
      const place = newPlace();
      const voices = await open(place);
      for (let i = 0; i < 9; i += 1) await voices.newId('t');
      const ten = randomUnknownVoice({ id: await voices.newId('t') });
      await voices.put('t', ten);
      await voices.put('t', randomUnknownVoice({ id: 'unknown-2' }));
      expect(await idsOf(voices)).toEqual(['unknown-2', 'unknown-10']);
    });

    test.each([true, false])('what was erased stays erased (written before: %s)', async (isWritten) => {
      const voices = await open(newPlace());
      const voice = await heard(voices, 't');
      if (isWritten) await voices.flush();
      expect(await voices.delete('t', voice.id)).toBe(true);
      expect(await voices.put('t', voice)).toBe(false);
      await voices.flush();
      expect(await voices.list('t')).toEqual([]);
    });

    test('what another process erased stays erased, also where more of it waits to be written', async () => {
      const place = newPlace();
      const [live, other] = [await open(place), await open(place)];
      const voice = await heard(live, 't');
      await live.flush();
      await live.put('t', { ...voice, speechMs: 50_000 });
      expect(await other.delete('t', voice.id)).toBe(true);
      expect(await live.list('t')).toEqual([]);
      await live.flush();
      expect(await other.list('t')).toEqual([]);
      expect(await live.put('t', voice)).toBe(false);
    });

    test('two processes lose nothing of each other', async () => {
      const place = newPlace();
      const [a, b] = [await open(place), await open(place)];
      await Promise.all([heard(a, 't'), heard(b, 't')]);
      await Promise.all([a.flush(), b.flush()]);
      expect(await idsOf(a)).toEqual(['unknown-1', 'unknown-2']);
      expect(await idsOf(b)).toEqual(['unknown-1', 'unknown-2']);
    });

    test('voices without recent speech expire', async () => {
      const place = newPlace();
      let now = 0;
      const voices = await open(place, () => now);
      await heard(voices, 't', 0);
      const later = await heard(voices, 't', 500);
      await voices.flush();
      now = KEEP_MS;
      expect(await voices.list('t')).toEqual([later]);
      expect(await voices.expire(now)).toBe(1);
      expect(await voices.expire(now)).toBe(0);
      await voices[Symbol.asyncDispose]();
      const again = await open(place, () => 499);
      expect(await again.list('t')).toEqual([later]);
    });

    test('beyond the limit of a tenant the least recent voices are dropped', async () => {
      const voices = await open(newPlace());
      await heard(voices, 'other', 0);
      await heard(voices, 't', 20);
      await heard(voices, 't', 10);
      await heard(voices, 't', 30);
      await heard(voices, 't', 40);
      await voices.flush();
      expect(await idsOf(voices)).toEqual(['unknown-1', 'unknown-3', 'unknown-4']);
      expect(await idsOf(voices, 'other')).toHaveLength(1);
    });

    test('of many exemplars the 20 with most speech are kept, in their order', async () => {
      const voices = await open(newPlace());
      const voice = randomUnknownVoice({ id: await voices.newId('t'), exemplars: 23 });
      await voices.put('t', voice);
      const [kept] = await voices.list('t');
      expect(kept?.exemplars).toEqual(voice.exemplars.slice(3));
      expect(kept?.speechMs).toBe(voice.speechMs);
    });

    test('what a caller does to its copy changes nothing kept', async () => {
      const voices = await open(newPlace());
      const voice = await heard(voices, 't');
      const copy = structuredClone(voice);
      voice.exemplars[0]!.embedding.values.fill(0);
      (await voices.list('t'))[0]!.exemplars[0]!.embedding.values.fill(0);
      expect(await voices.list('t')).toEqual([copy]);
    });

    test('calls after the end are refused', async () => {
      const voices = await open(newPlace());
      await voices[Symbol.asyncDispose]();
      await expect(voices.list('t')).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
      await expect(voices.newId('t')).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    });
  });
}
