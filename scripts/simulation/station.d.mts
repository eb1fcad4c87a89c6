import type { Simulation } from './simulation.mjs';

export interface StationMeasures {
  readonly arrived: number;
  readonly ended: number;
  readonly insideBefore: number;
  readonly insideNow: number;
  readonly utilisation: number;
  readonly meanInside: number;
  readonly meanWaiting: number;
  readonly meanWait: number;
  readonly meanStay: number;
  readonly wait95: number;
  readonly rate: number;
}

export class Station {
  constructor(simulation: Simulation, servers: number);
  readonly waiting: number;
  readonly busy: number;
  add(seconds: number, done?: (waitedSeconds: number) => void): void;
  restart(): void;
  measures(): StationMeasures;
}

export function erlangC(load: number, servers: number): number;
