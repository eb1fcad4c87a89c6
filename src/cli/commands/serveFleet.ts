import type { ServerLog } from '../../api/serverLog.js';
import type { Engine } from '../../index.js';
import type { SharedPlaces } from '../../sources/openPlaces.js';
import type { Role } from './serveRoles.js';

interface ServeFleetOptions {
  readonly engine: Engine;
  readonly roles: ReadonlySet<Role>;
  readonly log: ServerLog;
}

/** This process among those that share the database; undefined without one. Throws REGISTRY_UNAVAILABLE. */
export async function openServeFleet({ engine, roles, log }: ServeFleetOptions): Promise<SharedPlaces | undefined> {
  const { databaseUrl } = engine.place;
  if (databaseUrl === undefined) return undefined;
  const { openPlaces } = await import('../../sources/openPlaces.js');
  return openPlaces({
    ...{ databaseUrl, engine, roles: [...roles], prefix: 'source/' },
    onFault: (fault) => {
      if (fault) log.problem({ code: fault.code, message: fault.message });
      else log.notice('the database answers again', {});
    },
  });
}
