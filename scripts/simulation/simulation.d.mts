export class Simulation {
  readonly now: number;
  in(seconds: number, happen: () => void): void;
  every(seconds: number, phase: number, happen: () => void): void;
  runUntil(seconds: number): void;
}
