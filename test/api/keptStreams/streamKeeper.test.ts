import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { KeptStream, Written } from '../../../src/api/keptStreams/keptStreams.js';
import { ResumeKey } from '../../../src/api/keptStreams/resumeKey.js';
import { headOfBytes } from '../../../src/api/keptStreams/streamHead.js';
import { StreamKeeper } from '../../../src/api/keptStreams/streamKeeper.js';
import type { SettledSession, TakenState } from '../../../src/engine/requests/sessionKeeping.js';

const key = new ResumeKey('token', 's');

/** A keeper whose writes wait for the test. */
function keeper() {
  const writes: { readonly row: KeptStream; answer(written: Written | Error): void }[] = [];
  const seen = { released: 0, lost: 0, failed: 0, messages: 0 };
  const write = (row: KeptStream) =>
    new Promise<Written>((resolve, reject) => {
      writes.push({ row, answer: (written) => (written instanceof Error ? reject(written) : resolve(written)) });
    });
  const kept = new StreamKeeper({
    ...{ sessionId: 's', tenantId: 'acme', key, epoch: 1, resumeMs: 30_000, from: { position: 0, sample: 0 } },
    streams: { write, isHeld: async () => true, delete: async () => undefined },
    side: {
      head: () => ({
        hello: { type: 'hello', site: 'x', isTentative: true },
        ...{ countedMs: 0, lastSeq: seen.messages, messages: [], commands: [] },
      }),
      placeOf: (sample) => ({ position: sample, sample }),
      released: (seq) => {
        seen.released = seq;
      },
      lost: () => {
        seen.lost += 1;
      },
      failed: () => {
        seen.failed += 1;
      },
    },
  });
  const add = (isProvisional = false) => {
    seen.messages += 1;
    kept.add(seen.messages, { isProvisional });
  };
  const settled = (state: TakenState | undefined): SettledSession => ({ take: () => state });
  const headOf = ({ row }: { readonly row: KeptStream }) => headOfBytes(key.unseal(row.head, 'head'));
  return { kept, writes, seen, add, settled, headOf };
}

describe('the keeper of a stream', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('lets a message go once it is written, with all that was learnt by then', async () => {
    const { kept, writes, seen, add, settled, headOf } = keeper();
    kept.settled(settled(undefined));
    await vi.advanceTimersByTimeAsync(0);
    add();
    expect(writes).toHaveLength(0); // something is half done
    kept.settled(settled({ sample: 160, revision: 4, bytes: Uint8Array.of(1, 2, 3) }));
    expect(writes).toHaveLength(1);
    expect(headOf(writes[0]!)).toMatchObject({ lastSeq: 1, sample: 160, position: 160 });
    expect(key.unseal(writes[0]!.row.learnt!, 'learnt')).toEqual(Buffer.of(1, 2, 3));
    expect([seen.released, kept.position]).toEqual([0, 0]);
    writes[0]!.answer('kept');
    await vi.advanceTimersByTimeAsync(0);
    expect([seen.released, kept.position]).toEqual([1, 160]);
  });

  test('lets guesses go at once, but not before what waits', async () => {
    const { seen, add, writes } = keeper();
    add(true);
    expect(seen.released).toBe(1);
    add();
    add(true);
    expect(seen.released).toBe(1);
    writes[0]!.answer('kept');
    await vi.advanceTimersByTimeAsync(0);
    writes[1]?.answer('kept');
    await vi.advanceTimersByTimeAsync(0);
    expect(seen.released).toBeGreaterThanOrEqual(2);
  });

  test('lets messages go after two seconds where the database does not answer, and tries again', async () => {
    const { seen, add, writes } = keeper();
    add();
    writes[0]!.answer(new Error('away'));
    await vi.advanceTimersByTimeAsync(900);
    expect([seen.failed, seen.released, writes.length]).toEqual([1, 0, 1]);
    await vi.advanceTimersByTimeAsync(1_200);
    expect([seen.released, writes.length]).toEqual([1, 2]);
  });

  test('lets nothing go that belongs to another process by now', async () => {
    const { seen, add, writes } = keeper();
    add();
    writes[0]!.answer('lost');
    await vi.advanceTimersByTimeAsync(10_000);
    add();
    await vi.advanceTimersByTimeAsync(10_000);
    expect([seen.lost, seen.released, writes.length]).toEqual([1, 0, 1]);
  });

  test('writes a silent stream now and then, and what was learnt again where it was lost', async () => {
    const { kept, writes, settled } = keeper();
    const taken: (number | undefined)[] = [];
    const session: SettledSession = {
      take: (known) => {
        taken.push(known);
        return { sample: 1, revision: 7, bytes: known === 7 ? undefined : Uint8Array.of(1) };
      },
    };
    kept.settled(session);
    writes[0]!.answer('kept');
    await vi.advanceTimersByTimeAsync(6_100);
    expect(writes).toHaveLength(2);
    expect(writes[1]!.row.learnt).toBeUndefined();
    writes[1]!.answer('without learnt');
    await vi.advanceTimersByTimeAsync(0);
    expect(writes[2]!.row.learnt).toBeDefined();
    expect(taken).toEqual([undefined, 7, undefined]);
    kept.settled(settled(undefined));
  });
});
