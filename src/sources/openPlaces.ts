import { z } from 'zod';
import { type Engine, VoicePrintsError } from '../index.js';
import { LiveLoad } from './liveLoad.js';
import type { SourcePlaces } from './sourcePlaces.js';
import type { SourceStatus } from './sourceStatus.js';

const count = z.number();
const report = z.object({
  source: z.string(),
  site: z.string(),
  status: z.enum(['connecting', 'open', 'retrying', 'held', 'ended']),
  code: z.string().optional(),
  message: z.string().optional(),
  since: z.string(),
  turns: z.object({ identified: count, unknown: count, uncertain: count, rejected: count }),
  droppedSeconds: count,
  lease: count.optional(),
});

export interface OpenPlacesOptions {
  readonly databaseUrl: string;
  /** Its live streams count as load. */
  readonly engine: Engine;
  /** What this process does, for those who look at the table of processes. */
  readonly roles: readonly string[];
  /** Before the names of sources: programs with other lists of sources have others. */
  readonly prefix: string;
  /** The database does not answer, or, with undefined, answers again. */
  readonly onFault: (fault: VoicePrintsError | undefined) => void;
}

/** This process among those that share a database. Disposed once it has stopped listening. */
export interface SharedPlaces extends SourcePlaces, AsyncDisposable {
  /** The live streams of a further engine count as load, too. */
  addEngine(engine: Engine): void;
  /** Every source that some process listens to, as that one sees it. Throws REGISTRY_UNAVAILABLE. */
  statuses(): Promise<readonly SourceStatus[]>;
  /** As others see it, 0..1. */
  readonly load: number;
  /** Throws REGISTRY_UNAVAILABLE where the database did not answer the last time. */
  assertReached(): void;
}

/** Enters this process into the table of processes. Throws REGISTRY_UNAVAILABLE. */
export async function openPlaces(options: OpenPlacesOptions): Promise<SharedPlaces> {
  // Loaded here: nothing of a database is, where there is none.
  const [{ Database }, { LeaseKeeper }] = await Promise.all([
    import('../database/database.js'),
    import('../database/leases/leaseKeeper.js'),
  ]);
  const shared = await Database.share(options.databaseUrl);
  const measured = new LiveLoad();
  measured.add(options.engine);
  let load = 0;
  let fault: VoicePrintsError | undefined;
  const keeper = new LeaseKeeper({
    database: shared.database,
    roles: options.roles,
    load: () => {
      load = measured.look();
      return load;
    },
    onFault: (now) => {
      fault = now;
      options.onFault(now);
    },
  });
  keeper.start();
  return {
    claim: ({ name, group }, onChange) => keeper.claim({ name: options.prefix + name, group }, onChange),
    drop: (claim) => keeper.drop(claim),
    addEngine: (engine) => measured.add(engine),
    statuses: async () => {
      const reports = await keeper.reports(options.prefix);
      return reports.flatMap((one) => {
        const read = report.safeParse(one); // of another release, perhaps
        return read.success ? [read.data as SourceStatus] : [];
      });
    },
    get load() {
      return load;
    },
    assertReached: () => {
      if (fault) throw new VoicePrintsError(fault.code, fault.message, { cause: fault });
    },
    [Symbol.asyncDispose]: async () => {
      await keeper[Symbol.asyncDispose]();
      await shared[Symbol.asyncDispose]();
    },
  };
}
