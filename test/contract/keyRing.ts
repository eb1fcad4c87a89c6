import { afterEach, describe, expect, test, vi } from 'vitest';
import { ApiKeys } from '../../src/api/access/apiKeys.js';
import { KeyRing, type KeyRingOptions } from '../../src/api/access/keyRing.js';
import type { StorePlace } from '../../src/core/storePlace.js';

const key = { tenantId: 'home', scopes: ['admin'] } as const;
const callerOf = (ring: KeyRing, text: string) => new ApiKeys(() => ring.current()).callerOf(text);
const FOLLOWS = { timeout: 60_000 };

/** What every adapter of RingStore owes its ring. Each case gets a place of its own; `texts` are all bytes that it keeps, for a search. */
export function keyRingContract(
  name: string,
  newPlace: () => Promise<StorePlace>,
  texts: (place: StorePlace) => Promise<string>,
): void {
  describe(`RingStore: ${name}`, () => {
    const opened: KeyRing[] = [];
    const open = async (place: StorePlace, options?: KeyRingOptions) => {
      const ring = await KeyRing.open(place, options);
      opened.push(ring);
      return ring;
    };
    afterEach(async () => {
      for (const ring of opened.splice(0)) await ring[Symbol.asyncDispose]();
    });

    test('a key is known by what it may do, and what is kept holds nothing of it', async () => {
      const place = await newPlace();
      const ring = await open(place);
      expect(ring.list()).toEqual([]);
      const { record, key } = await ring.create({ tenantId: 'home', scopes: ['identify'], label: 'door' });
      expect(callerOf(ring, key)).toMatchObject({ tenantId: 'home', keyId: record.keyId, scopes: ['identify'] });
      expect(callerOf(ring, `${key}x`)).toBeUndefined();
      expect(ring.list()).toEqual([record]);
      expect(record).toMatchObject({ label: 'door', keyId: expect.stringMatching(/^key-[0-9a-f]{8}$/) });
      expect((await open(place)).list()).toEqual([record]);
      expect(await texts(place)).toContain(record.keyId);
      expect(await texts(place)).not.toContain(key);
    });

    test('a rotated key holds for its grace, a revoked one not at all', async () => {
      let nowMs = Date.UTC(2026, 0, 1);
      const ring = await open(await newPlace(), { nowMs: () => nowMs });
      const first = await ring.create({ tenantId: 'home', scopes: ['enrol', 'identify'], label: 'x' });
      const second = await ring.rotate(first.record.keyId, 3_600_000);
      expect(second.record).toMatchObject({ tenantId: 'home', scopes: ['enrol', 'identify'], label: 'x' });
      expect([first.key, second.key].map((key) => callerOf(ring, key)?.tenantId)).toEqual(['home', 'home']);
      nowMs += 3_600_001;
      expect([first.key, second.key].map((key) => callerOf(ring, key)?.tenantId)).toEqual([undefined, 'home']);
      await ring.revoke(second.record.keyId);
      expect(callerOf(ring, second.key)).toBeUndefined();
      expect(ring.list().map(({ endsAt }) => endsAt)).toEqual(['2026-01-01T01:00:00.000Z', '2026-01-01T01:00:00.001Z']);
      await expect(ring.revoke('key-00000000')).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
    });

    test('what was revoked, or has ended, stays so when the clock is set back, for those who read it later too', async () => {
      let nowMs = Date.UTC(2026, 0, 2);
      const place = await newPlace();
      const ring = await open(place, { nowMs: () => nowMs });
      const revoked = await ring.create({ tenantId: 'home', scopes: ['identify'] });
      const old = await ring.create({ tenantId: 'home', scopes: ['identify'] });
      await ring.revoke(revoked.record.keyId);
      const successor = await ring.rotate(old.record.keyId, 3_600_000);
      nowMs += 3_600_001;
      expect(callerOf(ring, old.key)).toBeUndefined();
      nowMs -= 86_400_000;
      expect([revoked.key, old.key].map((key) => callerOf(ring, key))).toEqual([undefined, undefined]);
      await ring.limit('home', {}); // any change writes what has ended
      const later = await open(place, { nowMs: () => nowMs });
      expect([revoked.key, old.key].map((key) => callerOf(later, key))).toEqual([undefined, undefined]);
      expect(callerOf(later, successor.key)).toMatchObject({ tenantId: 'home', ownerId: old.record.keyId });
    });

    test('a server follows what another process changes', async () => {
      const place = await newPlace();
      const other = await open(place);
      await other.create({ tenantId: 'home', scopes: ['admin'] });
      const served = await open(place);
      const onChange = vi.fn();
      served.follow({
        onChange,
        onFailure: (error) => {
          throw error;
        },
      });
      const { record, key } = await other.create({ tenantId: 'shop', scopes: ['admin'] });
      await other.limit('shop', { callsPerMinute: 5, audioMinutesPerDay: 1.5 });
      await other.limit('shop', { audioMinutesPerDay: null });
      await vi.waitFor(() => expect(served.limitsOf('shop')).toEqual({ callsPerMinute: 5 }), FOLLOWS);
      expect(callerOf(served, key)?.tenantId).toBe('shop');
      expect(served.limits()).toEqual([{ tenantId: 'shop', callsPerMinute: 5 }]);
      expect(onChange).toHaveBeenCalled();
      await other.revoke(record.keyId);
      await vi.waitFor(() => expect(callerOf(served, key)).toBeUndefined(), FOLLOWS);
    });

    test('what could not be stored is not there', async () => {
      const place = await newPlace();
      const ring = await open(place);
      const invalid = { code: 'CONFIG_INVALID' };
      await expect(ring.create({ ...key, tenantId: '../x' })).rejects.toMatchObject(invalid);
      await expect(ring.create({ ...key, label: 'x'.repeat(201) })).rejects.toMatchObject(invalid);
      await expect(ring.limit('../x', { callsPerMinute: 1 })).rejects.toMatchObject(invalid);
      expect((await open(place)).list()).toEqual([]);
      expect((await open(place)).limits()).toEqual([]);
    });

    test('changes by several at once are all kept', async () => {
      const place = await newPlace();
      const rings = await Promise.all([1, 2, 3].map(() => open(place)));
      const made = await Promise.all(rings.flatMap((ring) => [ring.create(key), ring.create(key), ring.create(key)]));
      await Promise.all(made.slice(0, 5).map(({ record }, i) => rings[i % 3]!.revoke(record.keyId)));
      const ring = await open(place);
      expect(made.map((one) => callerOf(ring, one.key) !== undefined)).toEqual(made.map((_, i) => i >= 5));
    });

    test('a key that was revoked or has ended has no successor', async () => {
      let nowMs = Date.UTC(2026, 0, 1);
      const ring = await open(await newPlace(), { nowMs: () => nowMs });
      const revoked = await ring.create(key);
      await ring.revoke(revoked.record.keyId);
      await expect(ring.rotate(revoked.record.keyId, 0)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
      const old = await ring.create(key);
      const successor = await ring.rotate(old.record.keyId, 3_600_000);
      nowMs += 3_600_000;
      await expect(ring.rotate(old.record.keyId, 0)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
      nowMs -= 7_200_000; // a clock that is set back changes nothing
      await expect(ring.rotate(old.record.keyId, 0)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
      expect(ring.list()).toHaveLength(3);
      expect(callerOf(ring, successor.key)).toBeDefined();
    });
  });
}
