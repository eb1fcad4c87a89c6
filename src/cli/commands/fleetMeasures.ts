import type { Measure } from '../../api/measures.js';
import type { FleetCounts, FleetState } from '../../engine/jobs/fleetCounts.js';
import type { Engine } from '../../index.js';
import type { SharedPlaces } from '../../sources/openPlaces.js';

/** Undefined without a database. */
export async function openFleetCounts({ databaseUrl }: Engine['place']): Promise<FleetCounts | undefined> {
  if (databaseUrl === undefined) return undefined;
  const { FleetCounts } = await import('../../engine/jobs/fleetCounts.js');
  return FleetCounts.open(databaseUrl);
}

/** What `/metrics` shows of a process among those that share a database; none without one. */
export async function fleetMeasures(
  places: SharedPlaces | undefined,
  counts: FleetCounts | undefined,
): Promise<readonly Measure[]> {
  return [...(places ? ofPlaces(places) : []), ...(counts ? ofCounts(await counts.read()) : [])];
}

const ofPlaces = ({ load }: SharedPlaces): readonly Measure[] => [
  gauge(
    'voice_prints_live_load',
    'Share of what this process can do for live streams that is used; from .7 on it takes no more sources',
    load,
  ),
];

const ofCounts = ({ queue, database, changesAgeMs }: FleetState): readonly Measure[] => [
  gauge('voice_prints_database_up', 'Whether the database answered within two seconds', queue ? 1 : 0),
  {
    name: 'voice_prints_database_transactions_total',
    help: 'Transactions of this process: done, lost with their connection and begun anew, failed',
    type: 'counter',
    values: (['done', 'lost', 'failed'] as const).map((outcome) => ({ labels: { outcome }, value: database[outcome] })),
  },
  counter('voice_prints_database_seconds_total', 'Time of the transactions that were done', database.seconds),
  counter('voice_prints_database_slow_total', 'Of these, those that took a second or longer', database.slow),
  gauge(
    'voice_prints_changes_age_seconds',
    'How old what this process knows of the changes of others is at most',
    changesAgeMs / 1_000,
  ),
  ...(queue ? ofQueue(queue) : []),
];

const ofQueue = (queue: NonNullable<FleetState['queue']>): readonly Measure[] => [
  {
    name: 'voice_prints_jobs_waiting',
    help: 'Jobs that wait, of all processes, by how many their tenant has waiting: one, few (two to ten), many',
    type: 'gauge',
    values: [
      { labels: { tenants: 'one' }, value: queue.waitingOfOne },
      { labels: { tenants: 'few' }, value: queue.waitingOfFew },
      { labels: { tenants: 'many' }, value: queue.waitingOfMany },
    ],
  },
  gauge(
    'voice_prints_jobs_oldest_seconds',
    'How long the oldest waiting job has waited',
    queue.oldestMs === null ? 0 : Math.max(0, Date.now() - queue.oldestMs) / 1_000,
  ),
  gauge('voice_prints_jobs_running', 'Jobs in work, of all processes', queue.running),
  gauge('voice_prints_webhooks_waiting', 'Webhooks to be sent, of all processes', queue.webhooksWaiting),
  gauge('voice_prints_webhooks_dead', 'Webhooks that were given up and are kept', queue.webhooksDead),
];

const gauge = (name: string, help: string, value: number): Measure => ({
  name,
  help,
  type: 'gauge',
  values: [{ value }],
});
const counter = (name: string, help: string, value: number): Measure => ({
  ...gauge(name, help, value),
  type: 'counter',
});
