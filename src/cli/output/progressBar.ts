import type { OnProgress, Progress } from '../../index.js';
import type { ParsedArguments, Terminal } from '../command.js';
import { hasFlag } from '../options/parseCommandLine.js';
import { clock } from './output.js';
import { printableLine } from './printable.js';

const BAR_CELLS = 24;
/** Shorter work shows nothing: a bar that flashes up only disturbs. */
const APPEARS_AFTER_MS = 1_000;
const REDRAW_EVERY_MS = 100;

const stageNames: Record<Progress['stage'], string> = {
  decode: 'reading',
  analyse: 'listening',
  cluster: 'telling voices apart',
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

  /** Hand this to the engine. `label` stands before the bar, e.g. a file name. */
  listener(label: string): OnProgress {
    return (progress) => this.#draw(label, barOf(progress, performance.now() - this.#startedAtMs));
  }

  /** Counted work without a clock: `done` of `total`. */
  count(label: string, done: number, total: number): void {
    this.#draw(label, `${cells(done / Math.max(1, total))} ${done} of ${total}`);
  }

  /** Work whose end is not known: how much is done, as text. */
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

  /** Takes the bar off the screen. */
  [Symbol.dispose](): void {
    if (this.#drawnAtMs > 0) this.#terminal.stderr.write('\r\u001b[2K');
    this.#drawnAtMs = 0;
  }
}

const cells = (share: number): string => {
  const filled = Math.round(BAR_CELLS * Math.min(1, Math.max(0, share)));
  return '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
};

/** @param workedMs since the work began: how fast it went so far says how long it will take */
function barOf({ stage, doneMs, totalMs }: Progress, workedMs: number): string {
  const done = clock(doneMs / 1000);
  if (totalMs === undefined || totalMs <= 0) return `${stageNames[stage]} ${done}`;
  const share = doneMs / totalMs;
  return `${cells(share)} ${Math.min(100, Math.floor(100 * share))} %  ${stageNames[stage]} ${done} of ${clock(totalMs / 1000)}${remaining(share, workedMs)}`;
}

/** `, about 2:10 left`; nothing before a fiftieth is done, as it would jump, nor at the end. */
function remaining(share: number, workedMs: number): string {
  if (share < 0.02 || share >= 1) return '';
  const seconds = Math.ceil((workedMs * (1 - share)) / share / 1000);
  return `, about ${clock(seconds).replace(/\.0$/, '')} left`;
}
