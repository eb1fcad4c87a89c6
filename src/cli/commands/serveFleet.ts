import type { Measure } from '../../api/measures.js';
import type { ServerLog } from '../../api/serverLog.js';
import { type Engine, VoicePrintsError } from '../../index.js';
import type { SourcePlaces } from '../../sources/sourcePlaces.js';
import { LiveLoad } from './liveLoad.js';
import type { Role } from './serveRoles.js';

interface ServeFleetOptions {
  readonly engine: Engine;
  readonly roles: ReadonlySet<Role>;
  readonly log: ServerLog;
}

/** This process among those that share a database. */
export interface ServeFleet extends AsyncDisposable {
  readonly places: SourcePlaces;
  /** Its live streams count as load of this process. */
  addEngine(engine: Engine): void;
  /** Throws REGISTRY_UNAVAILABLE where the database did not answer the last time. */
  assertReached(): void;
  readonly measures: () => readonly Measure[];
}

/** Leases of sources are named so. */
const SOURCES = 'source/';

/** Undefined without a database. Nothing of it is loaded then. */
export async function openServeFleet({ engine, roles, log }: ServeFleetOptions): Promise<ServeFleet | undefined> {
  const { databaseUrl } = engine.place;
  if (databaseUrl === undefined) return undefined;
  const [{ Database }, { LeaseKeeper }] = await Promise.all([
    import('../../database/database.js'),
    import('../../database/leases/leaseKeeper.js'),
  ]);
  const shared = await Database.share(databaseUrl);
  const load = new LiveLoad();
  load.add(engine);
  let fault: VoicePrintsError | undefined;
  let lastLoad = 0;
  const keeper = new LeaseKeeper({
    database: shared.database,
    roles: [...roles],
    load: () => {
      lastLoad = load.look();
      return lastLoad;
    },
    onFault: (now) => {
      fault = now;
      if (now) log.problem({ code: now.code, message: now.message });
      else log.notice('the database answers again', {});
    },
  });
  keeper.start();
  return {
    places: {
      claim: ({ name, group }, onChange) => keeper.claim({ name: SOURCES + name, group }, onChange),
      drop: (claim) => keeper.drop(claim),
    },
    addEngine: (one) => load.add(one),
    assertReached: () => {
      if (fault) throw new VoicePrintsError(fault.code, fault.message, { cause: fault });
    },
    measures: () => [
      {
        name: 'voice_prints_live_load',
        help: 'Share of what this process can do for live streams that is used; from .7 on it takes no more sources',
        type: 'gauge',
        values: [{ value: lastLoad }],
      },
    ],
    [Symbol.asyncDispose]: async () => {
      await keeper[Symbol.asyncDispose]();
      await shared[Symbol.asyncDispose]();
    },
  };
}
