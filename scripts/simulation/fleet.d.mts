import type { StationMeasures } from './station.mjs';

export interface FleetMeasures {
  readonly added: number;
  readonly settled: number;
  readonly delivered: number;
  readonly queuedBefore: number;
  readonly queuedNow: number;
  readonly meanWait: number;
  readonly looksRate: number;
  readonly settledRate: number;
  readonly workerUse: number;
  readonly processes: number;
  readonly database: StationMeasures;
}

export function simulateFleet(
  costs: object,
  options: Readonly<Record<string, unknown>>,
  time?: { readonly seconds?: number; readonly warmUp?: number },
): FleetMeasures;
export function rolesOf(fleet: { readonly machines: number; readonly workerShare: number }): {
  readonly api: number;
  readonly workers: number;
  readonly live: number;
};
