import { afterEach, describe, expect, test } from 'vitest';
import type { Voiceprint } from '../../src/core/voiceprint.js';
import type { VoiceprintRegistry } from '../../src/registry/voiceprintRegistry.js';
import { randomVoiceprint } from '../registry/randomVoiceprint.js';

/** One place to store things, opened as often as a case wants; `open` twice gives two registries over the same place. */
export interface RegistryPlace {
  open(): Promise<VoiceprintRegistry>;
}

/** What every adapter of VoiceprintRegistry owes its callers. Each case gets a place of its own. */
export function voiceprintRegistryContract(name: string, newPlace: () => RegistryPlace): void {
  describe(`VoiceprintRegistry: ${name}`, () => {
    const opened: VoiceprintRegistry[] = [];
    const open = async (place: RegistryPlace) => {
      const registry = await place.open();
      opened.push(registry);
      return registry;
    };
    const openNew = () => open(newPlace());
    afterEach(async () => {
      for (const registry of opened.splice(0)) await registry[Symbol.asyncDispose]();
    });
    const put = (registry: VoiceprintRegistry, voiceprint: Voiceprint) =>
      registry.update(voiceprint.tenantId, voiceprint.id, () => voiceprint);

    test('an empty store has no voiceprints', async () => {
      const registry = await openNew();
      expect(await registry.list('t')).toEqual([]);
      expect(await registry.get('t', 'anna')).toBeUndefined();
      expect(await registry.delete('t', 'anna')).toBe(false);
    });

    test('gives back exactly what was put, also after opening again', async () => {
      const place = newPlace();
      const anna = randomVoiceprint({ id: 'anna', exemplars: 3 });
      const first = await open(place);
      expect(await put(first, anna)).toEqual(anna);
      expect(await first.get('t', 'anna')).toEqual(anna);
      await first[Symbol.asyncDispose]();
      expect(await (await open(place)).get('t', 'anna')).toEqual(anna);
    });

    test('optional parts may be absent', async () => {
      const registry = await openNew();
      const bare = { ...randomVoiceprint({ id: 'bare', exemplars: 0 }), mean: undefined, consent: undefined };
      await put(registry, bare);
      expect(await registry.get('t', 'bare')).toEqual(bare);
    });

    test('what a caller does to its copy changes nothing stored', async () => {
      const registry = await openNew();
      const anna = randomVoiceprint({ id: 'anna', exemplars: 1 });
      const kept = structuredClone(anna);
      await put(registry, anna);
      anna.exemplars[0]!.embedding.values.fill(0);
      (await registry.get('t', 'anna'))!.mean!.values.fill(0);
      expect(await registry.get('t', 'anna')).toEqual(kept);
    });

    test('lists one tenant, by id', async () => {
      const registry = await openNew();
      for (const id of ['b', 'a', 'C']) await put(registry, randomVoiceprint({ id }));
      await put(registry, randomVoiceprint({ id: 'z', tenantId: 'other' }));
      expect((await registry.list('t')).map(({ id }) => id)).toEqual(['C', 'a', 'b']);
      expect((await registry.list('other')).map(({ id }) => id)).toEqual(['z']);
    });

    const pagesOf = async (registry: VoiceprintRegistry, limit: number) => {
      const pages: string[][] = [];
      for (let after: string | undefined; ; ) {
        const { voiceprints, next } = await registry.page('t', { limit, after });
        pages.push(voiceprints.map(({ id }) => id));
        if (next === undefined) return pages;
        after = next;
      }
    };

    test('pages by id', async () => {
      const registry = await openNew();
      expect(await registry.page('t', { limit: 2 })).toEqual({ voiceprints: [] });
      const people = ['b', 'a', 'C', 'd', 'e'].map((id) => randomVoiceprint({ id }));
      await registry.putAll('t', people, { replace: false });
      await put(registry, randomVoiceprint({ id: 'z', tenantId: 'other' }));
      expect(await pagesOf(registry, 2)).toEqual([['C', 'a'], ['b', 'd'], ['e']]);
      expect(await pagesOf(registry, 5)).toEqual([['C', 'a', 'b', 'd', 'e']]);
      expect((await registry.page('t', { limit: 1, after: 'a' })).voiceprints).toEqual([people[0]]);
    });

    test('paging goes on after somebody was enrolled or erased, here or elsewhere', async () => {
      const place = newPlace();
      const [here, elsewhere] = [await open(place), await open(place)];
      for (const id of ['a', 'c', 'e']) await put(here, randomVoiceprint({ id }));
      const { next } = await here.page('t', { limit: 2 });
      expect(next).toBe('c');
      await elsewhere.delete('t', 'c');
      await put(elsewhere, randomVoiceprint({ id: 'd' }));
      expect((await here.page('t', { limit: 9, after: next })).voiceprints.map(({ id }) => id)).toEqual(['d', 'e']);
      await here.delete('t', 'e');
      expect((await elsewhere.page('t', { limit: 9 })).voiceprints.map(({ id }) => id)).toEqual(['a', 'd']);
    });

    test('a follower is given everybody, then what changes, here or elsewhere', async () => {
      const place = newPlace();
      const [here, elsewhere] = [await open(place), await open(place)];
      const follower = here.follow('t');
      const changes = async () => {
        const all: { put: string[]; gone: string[] } = { put: [], gone: [] };
        for await (const { put: changed, gone } of follower.changes()) {
          all.put.push(...changed.map(({ id, name }) => `${id} ${name}`));
          all.gone.push(...gone);
        }
        return { put: all.put.sort(), gone: all.gone.sort() };
      };
      const nothing = { put: [], gone: [] };
      expect(await changes()).toEqual(nothing);
      await here.putAll(
        't',
        ['a', 'b', 'c'].map((id) => randomVoiceprint({ id, name: 'N' })),
        { replace: false },
      );
      await put(here, randomVoiceprint({ id: 'z', tenantId: 'other' }));
      expect(await changes()).toEqual({ put: ['a N', 'b N', 'c N'], gone: [] });
      expect(await changes()).toEqual(nothing);
      await elsewhere.update('t', 'b', (now) => now && { ...now, name: 'B' });
      expect(await changes()).toEqual({ put: ['b B'], gone: [] });
      await here.delete('t', 'a');
      await elsewhere.delete('t', 'c');
      await put(elsewhere, randomVoiceprint({ id: 'd', name: 'N' }));
      expect(await changes()).toEqual({ put: ['d N'], gone: ['a', 'c'] });
      await put(elsewhere, randomVoiceprint({ id: 'a', name: 'again' }));
      expect(await changes()).toEqual({ put: ['a again'], gone: [] });
      expect(await changes()).toEqual(nothing);
    });

    test('one id in two tenants is two people', async () => {
      const registry = await openNew();
      const mine = randomVoiceprint({ id: 'anna', tenantId: 'mine' });
      const theirs = randomVoiceprint({ id: 'anna', tenantId: 'theirs' });
      await put(registry, mine);
      await put(registry, theirs);
      expect(await registry.delete('mine', 'anna')).toBe(true);
      expect(await registry.get('mine', 'anna')).toBeUndefined();
      expect(await registry.get('theirs', 'anna')).toEqual(theirs);
    });

    test('a change cannot move a voiceprint to another tenant or id', async () => {
      const registry = await openNew();
      await registry.update('t', 'anna', () => randomVoiceprint({ id: 'eve', tenantId: 'other' }));
      expect((await registry.get('t', 'anna'))?.id).toBe('anna');
      expect(await registry.get('other', 'eve')).toBeUndefined();
    });

    test.each(['__proto__', 'constructor', 'toString', '0'])('the id %s is an ordinary id', async (id) => {
      const registry = await openNew();
      expect(await registry.get('t', id)).toBeUndefined();
      const voiceprint = randomVoiceprint({ id });
      await put(registry, voiceprint);
      expect(await registry.get('t', id)).toEqual(voiceprint);
      expect(await registry.list('t')).toHaveLength(1);
    });

    test('update sees what is there; undefined deletes', async () => {
      const registry = await openNew();
      await put(registry, randomVoiceprint({ id: 'anna', speechMs: 1 }));
      const more = await registry.update('t', 'anna', (now) => now && { ...now, speechMs: now.speechMs + 1 });
      expect(more?.speechMs).toBe(2);
      expect(await registry.update('t', 'anna', () => undefined)).toBeUndefined();
      expect(await registry.get('t', 'anna')).toBeUndefined();
    });

    test('a change that throws changes nothing and fails alone', async () => {
      const registry = await openNew();
      const anna = randomVoiceprint({ id: 'anna' });
      const [stored, failed] = await Promise.allSettled([
        put(registry, anna),
        registry.update('t', 'anna', () => {
          throw new RangeError('no');
        }),
      ]);
      expect(stored.status).toBe('fulfilled');
      expect(failed).toMatchObject({ status: 'rejected', reason: { name: 'RangeError' } });
      expect(await registry.get('t', 'anna')).toEqual(anna);
    });

    test('fifty updates at once lose nothing', async () => {
      const registry = await openNew();
      await put(registry, randomVoiceprint({ id: 'anna', speechMs: 0 }));
      const add = () => registry.update('t', 'anna', (now) => now && { ...now, speechMs: now.speechMs + 1 });
      await Promise.all(Array.from({ length: 50 }, add));
      expect((await registry.get('t', 'anna'))?.speechMs).toBe(50);
    });

    test('two registries over one place see each other and lose nothing', async () => {
      const place = newPlace();
      const [a, b] = [await open(place), await open(place)];
      await put(a, randomVoiceprint({ id: 'anna', speechMs: 0 }));
      expect((await b.get('t', 'anna'))?.speechMs).toBe(0);
      const add = (registry: VoiceprintRegistry) =>
        registry.update('t', 'anna', (now) => now && { ...now, speechMs: now.speechMs + 1 });
      const addInTurn = async (registry: VoiceprintRegistry) => {
        for (let i = 0; i < 10; i += 1) await add(registry);
      };
      await Promise.all([addInTurn(a), addInTurn(b)]);
      expect((await a.get('t', 'anna'))?.speechMs).toBe(20);
      expect((await b.get('t', 'anna'))?.speechMs).toBe(20);
    });

    test('putAll stores all or none', async () => {
      const registry = await openNew();
      const old = randomVoiceprint({ id: 'b', speechMs: 1 });
      await put(registry, old);
      const some = [randomVoiceprint({ id: 'a' }), randomVoiceprint({ id: 'b', speechMs: 2 })];
      await expect(registry.putAll('t', some, { replace: false })).rejects.toMatchObject({
        code: 'SPEAKER_EXISTS',
        details: { speakerIds: 'b' },
      });
      expect(await registry.list('t')).toEqual([old]);
      await registry.putAll('t', some, { replace: true });
      expect(await registry.list('t')).toEqual(some);
    });

    const AUDIO_ID = '0123456789abcdef'.repeat(2);
    const withAudio = (id: string, audioId = AUDIO_ID): Voiceprint => {
      const voiceprint = randomVoiceprint({ id, exemplars: 1 });
      return { ...voiceprint, exemplars: voiceprint.exemplars.map((exemplar) => ({ ...exemplar, audioId })) };
    };
    const speech = { samples: Int16Array.of(1, -2, 32_767, -32_768, 0), stretches: [2, 3] };

    test('keeps speech that an exemplar names, also after opening again', async () => {
      const place = newPlace();
      const first = await open(place);
      expect(await first.speech('t', AUDIO_ID)).toBeUndefined();
      await put(first, withAudio('anna'));
      expect(await first.keepSpeech('t', 'anna', AUDIO_ID, speech)).toBe(true);
      await first[Symbol.asyncDispose]();
      expect(await (await open(place)).speech('t', AUDIO_ID)).toEqual(speech);
    });

    test('speech without a reference, or with one of another tenant, is not kept', async () => {
      const registry = await openNew();
      await put(registry, { ...withAudio('anna'), tenantId: 'other' });
      expect(await registry.keepSpeech('t', 'anna', AUDIO_ID, speech)).toBe(false);
      expect(await registry.speech('t', AUDIO_ID)).toBeUndefined();
    });

    test.each([
      { name: 'deleting the person', change: (r: VoiceprintRegistry) => r.delete('t', 'anna') },
      {
        name: 'dropping the sample',
        change: (r: VoiceprintRegistry) => r.update('t', 'anna', (now) => now && { ...now, exemplars: [] }),
      },
      {
        name: 'replacing the person',
        change: (r: VoiceprintRegistry) => r.putAll('t', [randomVoiceprint({ id: 'anna' })], { replace: true }),
      },
    ])('$name erases the speech kept', async ({ change }) => {
      const registry = await openNew();
      await put(registry, withAudio('anna'));
      await put(registry, withAudio('ben', 'f'.repeat(32)));
      await registry.keepSpeech('t', 'anna', AUDIO_ID, speech);
      await registry.keepSpeech('t', 'ben', 'f'.repeat(32), speech);
      await change(registry);
      expect(await registry.speech('t', AUDIO_ID)).toBeUndefined();
      expect(await registry.speech('t', 'f'.repeat(32))).toEqual(speech);
    });

    test('changing a person otherwise keeps the speech, and embeddings of other models', async () => {
      const registry = await openNew();
      const anna = withAudio('anna');
      const otherEmbeddings = [{ ...anna.exemplars[0]!.embedding, modelId: 'model-2' }];
      await put(registry, { ...anna, exemplars: [{ ...anna.exemplars[0]!, otherEmbeddings }] });
      await registry.keepSpeech('t', 'anna', AUDIO_ID, speech);
      await registry.update('t', 'anna', (now) => now && { ...now, name: 'Anna B.' });
      expect(await registry.speech('t', AUDIO_ID)).toEqual(speech);
      expect((await registry.get('t', 'anna'))?.exemplars[0]?.otherEmbeddings).toEqual(otherEmbeddings);
    });

    test('calls after the end are refused', async () => {
      const registry = await openNew();
      await registry[Symbol.asyncDispose]();
      await expect(registry.list('t')).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
      await expect(put(registry, randomVoiceprint({}))).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    });

    test('ending waits for writes under way', async () => {
      const place = newPlace();
      const registry = await open(place);
      const anna = randomVoiceprint({ id: 'anna' });
      const stored = put(registry, anna);
      await registry[Symbol.asyncDispose]();
      await stored;
      expect(await (await open(place)).get('t', 'anna')).toEqual(anna);
    });
  });
}
