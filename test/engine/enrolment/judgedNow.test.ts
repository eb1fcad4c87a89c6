import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { finished } from '../../../src/core/steps.js';
import type { AnalysedSample } from '../../../src/engine/enrolment/analyseSample.js';
import { GATE_LIMITS, judgeSamples } from '../../../src/engine/enrolment/enrollGate.js';
import { enrollSamples, tryEnrolment } from '../../../src/engine/enrolment/enrollSamples.js';
import { type OthersOf, othersInGallery } from '../../../src/engine/enrolment/otherPeople.js';
import { EnrolledPeopleOf } from '../../../src/engine/voiceprints/enrolledPeople.js';
import { VoiceGallery } from '../../../src/identity/gallery/voiceGallery.js';
import { LowdbRegistry } from '../../../src/registry/lowdbRegistry.js';
import { PostgresRegistry } from '../../../src/registry/postgres/postgresRegistry.js';
import type { VoiceprintRegistry } from '../../../src/registry/voiceprintRegistry.js';
import { EmptyDatabases } from '../../support/emptyDatabase.js';
import { whyNoPostgres } from '../../support/postgres.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { analysedSample, DIMENSIONS, PLAIN_CALIBRATION, voice } from './analysedSamples.js';

const MODEL = { id: 'model-1', calibration: PLAIN_CALIBRATION, dimensions: DIMENSIONS };
const TENANT = 't';

/** A store as an engine has it, in which something happens between two steps of a comparison. */
async function storeIn(open: () => Promise<VoiceprintRegistry>) {
  const registry = await open();
  onTestFinished(() => registry[Symbol.asyncDispose]());
  const people = new EnrolledPeopleOf(registry, MODEL);
  let meanwhile: (() => Promise<unknown>) | undefined;
  let happening: Promise<unknown> = Promise.resolve();
  let comparisons = 0;
  const othersOf: OthersOf = async (tenantId, speakerId) => {
    await happening;
    const others = othersInGallery((await people.now(tenantId)).gallery, speakerId);
    return {
      count: others.count,
      moment: others.moment,
      get isFoundThere() {
        return others.isFoundThere;
      },
      *compare(...given) {
        comparisons += 1;
        const begun = meanwhile;
        meanwhile = undefined;
        if (begun) happening = begun();
        yield;
        return yield* others.compare(...given);
      },
    };
  };
  const dependencies = { model: MODEL, registry, nowMs: () => 1, othersOf };
  const asSamples = (samples: readonly AnalysedSample[]) =>
    samples.map((analysed) => ({ file: analysed.file, kind: 'analysed' as const, analysed }));
  const consent = { consentText: 'yes', consentVersion: '2' };
  const enrol = (speakerId: string, ...samples: AnalysedSample[]) =>
    enrollSamples({ tenantId: TENANT, speakerId, ...consent }, asSamples(samples), dependencies);
  const attempt = (speakerId: string, ...samples: AnalysedSample[]) =>
    tryEnrolment({ tenantId: TENANT, speakerId }, asSamples(samples), dependencies);
  /** As another process does it. */
  const enrolElsewhere = (speakerId: string, ...samples: AnalysedSample[]) =>
    enrollSamples({ tenantId: TENANT, speakerId }, asSamples(samples), { ...dependencies, othersOf: undefined });
  return {
    registry,
    people,
    enrol,
    enrolElsewhere,
    attempt,
    comparisons: () => comparisons,
    /** Done once, when the next comparison has begun. */
    during: (change: () => Promise<unknown>) => {
      meanwhile = change;
    },
  };
}

const long = (person: number, drift = 0) => analysedSample({ speechMs: 15_000, embedding: voice(person, drift) });
const codesOf = ({ reasons }: { readonly reasons: readonly { readonly code: string }[] }) =>
  reasons.map(({ code }) => code);

const databases = new EmptyDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

describe.each([
  { name: 'a folder', open: async () => LowdbRegistry.open(await temporaryFolder()), why: '' },
  { name: 'PostgreSQL', open: async () => PostgresRegistry.open(await databases.next()), why: whyNoPostgres },
])('people in $name who change between two steps', ({ open, why }) => {
  describe.skipIf(why)('while the gate compares', () => {
    const busyStore = () => storeIn(open);

    test.each(['enrol', 'attempt'] as const)('%s: whoever is erased meanwhile refuses nobody', async (call) => {
      const store = await busyStore();
      await store.enrol('ben', long(0));
      await store.enrol('carl', long(3));
      store.during(async () => {
        await store.registry.delete(TENANT, 'ben');
        await store.people.lookAgain(TENANT);
      });
      expect(await store[call]('anna', long(0, 0.3))).toMatchObject({ status: 'complete', reasons: [] });
    });

    test.each(['enrol', 'attempt'] as const)(
      '%s: whoever gets another voice meanwhile counts with it',
      async (call) => {
        const store = await busyStore();
        await store.enrol('ben', long(0));
        await store.enrol('carl', long(3));
        store.during(async () => {
          await store.registry.delete(TENANT, 'ben');
          await store.enrolElsewhere('ben', long(5));
        });
        expect(await store[call]('anna', long(0, 0.3))).toMatchObject({ status: 'complete', reasons: [] });
        expect(codesOf(await store[call]('dora', long(5, 0.3)))).toEqual(['COLLIDES_WITH_OTHER']);
      },
    );

    test.each(['enrol', 'attempt'] as const)('%s: whoever is enrolled meanwhile is compared with', async (call) => {
      const store = await busyStore();
      await store.enrol('carl', long(3));
      store.during(() => store.enrolElsewhere('ben', long(0)));
      expect(await store[call]('anna', long(0, 0.3))).toMatchObject({
        status: 'rejected',
        reasons: [{ code: 'COLLIDES_WITH_OTHER', speakerId: 'ben' }],
      });
    });

    test('two enrolments of one recording under one id at the same time: it counts once', async () => {
      const store = await busyStore();
      await store.enrol('carl', long(3));
      const recording = long(0);
      store.during(() => store.enrolElsewhere('anna', recording));
      expect(codesOf(await store.enrol('anna', { ...recording, file: 'copy' }))).toEqual(['SAME_RECORDING']);
      expect((await store.registry.get(TENANT, 'anna'))?.exemplars).toHaveLength(1);
    });

    test('what is stored of the person meanwhile is not lost', async () => {
      const store = await busyStore();
      await store.enrol('carl', long(3));
      await store.enrol('anna', long(0));
      store.during(async () => {
        await store.enrolElsewhere('anna', long(0, 0.4));
        await store.registry.update(TENANT, 'anna', (anna) => anna && { ...anna, name: 'Anna' });
      });
      expect(await store.enrol('anna', long(0, 0.8))).toMatchObject({ name: 'Anna', speechSeconds: 45 });
      expect((await store.registry.get(TENANT, 'anna'))?.exemplars).toHaveLength(3);
    });

    test('of a person who is erased meanwhile nothing comes back', async () => {
      const store = await busyStore();
      await store.enrol('carl', long(3));
      await store.enrol('anna', long(0));
      store.during(() => store.registry.delete(TENANT, 'anna'));
      expect(await store.enrol('anna', long(0, 0.8))).toMatchObject({ speechSeconds: 15 });
      expect((await store.registry.get(TENANT, 'anna'))?.exemplars).toHaveLength(1);
    });

    test('where people come without an end, an enrolment ends all the same', async () => {
      const store = await busyStore();
      await store.enrol('carl', long(3));
      let came = 0;
      const somebody = async () => {
        came += 1;
        await store.registry.putAll(
          TENANT,
          [{ ...(await store.registry.get(TENANT, 'carl'))!, id: `somebody${came}` }],
          {
            replace: false,
          },
        );
        store.during(somebody);
      };
      store.during(somebody);
      expect(await store.enrol('anna', long(0))).toMatchObject({ status: 'complete' });
      expect(store.comparisons()).toBe(4); // carl's own, and three looks
    });
  });
});

test('the gate stops after every thousand people, for each sample', () => {
  const PEOPLE = 5_000;
  const gallery = new VoiceGallery(DIMENSIONS);
  const mean = voice(3);
  for (let n = 0; n < PEOPLE; n += 1)
    gallery.put({ id: `p${n}`, mean, exemplars: [], speechSeconds: 9, isNarrowBand: false });
  const samples = [0, 0.4, 0.8].map((drift) => long(0, drift));
  const gate = () =>
    judgeSamples(samples, {
      earlier: undefined,
      earlierSamples: [],
      others: othersInGallery(gallery.snapshot(), 'anna'),
      calibration: PLAIN_CALIBRATION,
      limits: GATE_LIMITS,
    });
  const steps = gate();
  let stops = 0;
  while (!steps.next().done) stops += 1;
  expect(stops).toBe(samples.length * Math.ceil(PEOPLE / 1_024));
  expect(finished(gate()).map(({ isAccepted }) => isAccepted)).toEqual([true, true, true]);
});
