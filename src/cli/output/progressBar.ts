import { clock } from '../../display/figures.js';
import { printableLine } from '../../display/printable.js';
import type { OnProgress, Progress } from '../../index.js';
import type { ParsedArguments, Terminal } from '../command.js';
import { hasFlag } from '../options/parseCommandLine.js';

const BAR_CELLS = 24;
/** Shorter work shows no bar, which would only flash up. */
const APPEARS_AFTER_MS = 1_000;
const REDRAW_EVERY_MS = 100;

const stageNames: Record<Progress['stage'], string> = {
  decode: 'reading',
  analyse: 'listening',
  cluster: 'clustering',
};

/** A progress bar on standard error: only on a terminal, only after a second, never with --quiet. */
export class ProgressBar implements Disposable {
  readonly #terminal: Terminal;
  readonly #isShown: boolean;
  readonly #startedAtMs = performance.now();
  #drawnAtMs = 0;

  constructor(args: ParsedArguments, terminal: Terminal) {
    this.#terminal = terminal;
    this.#isShown = terminal.stderr.isTTY === true && !hasFlag(args, 'quiet');
  }

  /** Callback for the engine. `label` is printed before the bar, e.g. a file name. */
  listener(label: string): OnProgress {
    return (progress) => this.#draw(label, barOf(progress, performance.now() - this.#startedAtMs));
  }

  /** Counted work without a clock: `done` of `total`. */
  count(label: string, done: number, total: number): void {
    this.#draw(label, `${cells(done / Math.max(1, total))} ${done} of ${total}`);
  }

  /** Work of unknown length: the progress as text. */
  amount(label: string, done: string): void {
    this.#draw(label, done);
  }

  #draw(label: string, bar: string): void {
    const nowMs = performance.now();
    if (!this.#isShown || nowMs - this.#startedAtMs < APPEARS_AFTER_MS || nowMs - this.#drawnAtMs < REDRAW_EVERY_MS) {
      return;
    }
    this.#drawnAtMs = nowMs;
    const line = `${printableLine(label)} ${bar}`.slice(0, (this.#terminal.stderr.columns ?? 80) - 1);
    this.#terminal.stderr.write(`\r\u001b[2K${line}`);
  }

  /** Clears the bar. */
  [Symbol.dispose](): void {
    if (this.#drawnAtMs > 0) this.#terminal.stderr.write('\r\u001b[2K');
    this.#drawnAtMs = 0;
  }
}

const cells = (share: number): string => {
  const filled = Math.round(BAR_CELLS * Math.min(1, Math.max(0, share)));
  return '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
};

/** @param workedMs since the work began: the rate so far gives the remaining time */
function barOf({ stage, doneMs, totalMs }: Progress, workedMs: number): string {
  const done = clock(doneMs / 1000);
  if (totalMs === undefined || totalMs <= 0) return `${stageNames[stage]} ${done}`;
  const share = doneMs / totalMs;
  return `${cells(share)} ${Math.min(100, Math.floor(100 * share))} %  ${stageNames[stage]} ${done} of ${clock(totalMs / 1000)}${remaining(share, workedMs)}`;
}

/** `, about 2:10 left`; empty before a fiftieth is done, when the estimate is unstable, and at the end. */
function remaining(share: number, workedMs: number): string {
  if (share < 0.02 || share >= 1) return '';
  const seconds = Math.ceil((workedMs * (1 - share)) / share / 1000);
  return `, about ${clock(seconds).replace(/\.0$/, '')} left`;
}
