import type { SourceReport } from '../../api/restOptions.js';
import type { ServerLog } from '../../api/serverLog.js';
import { systemCodeOf } from '../../core/systemCode.js';
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
      if (fault) log.problem({ code: fault.code, ...systemCodeOf(fault), message: fault.message });
      else log.notice('the database answers again', {});
    },
  });
}

/** Sources of all processes: those of this one as it sees them, of the others as they do. Throws REGISTRY_UNAVAILABLE. */
export async function fleetSources(
  own: readonly SourceReport[],
  fleet: SharedPlaces,
): Promise<readonly SourceReport[]> {
  const held = new Map((await fleet.statuses()).map((status) => [status.source, status]));
  const isElsewhere = ({ status }: SourceReport): boolean => status === 'elsewhere' || status === 'waiting';
  const known = own.map((report) => (isElsewhere(report) ? (held.get(report.source) ?? report) : report));
  const ids = new Set(own.map(({ source }) => source));
  return [...known, ...[...held.values()].filter(({ source }) => !ids.has(source))];
}
