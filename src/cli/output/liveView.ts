import { clock, percent } from '../../display/figures.js';
import { printable, printableLine } from '../../display/printable.js';
import { voiceLabel } from '../../display/voiceLabel.js';
import type { LiveEvent, LiveTurn } from '../../live.js';
import type { ParsedArguments, Terminal } from '../command.js';
import { remark } from './output.js';

const STREAM_WORDS = {
  connecting: 'connecting',
  open: 'listening',
  held: 'on hold',
  retrying: 'lost',
  ended: 'ended',
} as const;

/**
 * Human-readable view of a live stream: one line per final turn on standard output, and on a terminal one more line below
 * them that is updated during speech.
 */
export class LiveView implements Disposable {
  readonly #args: ParsedArguments;
  readonly #terminal: Terminal;
  readonly #hasLine: boolean;
  #isDrawn = false;
  #label = '';

  constructor(args: ParsedArguments, terminal: Terminal) {
    this.#args = args;
    this.#terminal = terminal;
    this.#hasLine = (terminal.stdout as { isTTY?: boolean }).isTTY === true;
  }

  /** @param label precedes the line, where several streams are shown */
  show(event: LiveEvent, label?: string): void {
    this.#label = label === undefined ? '' : `${label}  `;
    switch (event.type) {
      case 'turn':
        if (event.turn.isFinal) this.#print(lineOf(event.turn));
        else this.#draw(lineOf(event.turn));
        break;
      case 'relabel': {
        const who = printableLine(event.name ?? event.speakerId ?? event.cluster ?? 'unknown');
        const turns = event.turnIds.length === 1 ? '1 turn' : `${event.turnIds.length} turns`;
        this.#print(`(${turns} above: ${who})`);
        break;
      }
      case 'rejected':
        this.#print(`${clock(event.start)}–${clock(event.end)}  (${event.reason.replaceAll('_', ' ')})`);
        break;
      case 'state': {
        const { status, code, message } = event.state;
        // An end with a failure is the error that the command ends with.
        const isShown = code !== undefined && status !== 'ended';
        this.#remark(isShown ? `${STREAM_WORDS[status]}: ${code}: ${message ?? ''}` : STREAM_WORDS[status]);
        break;
      }
      case 'warning':
        this.#remark(`${event.warning.code}: ${event.warning.message}`);
        break;
      case 'dropped':
        this.#remark(`${event.seconds.toFixed(1)} s of audio were lost: this machine is too busy`);
        break;
      case 'degraded':
        this.#remark(event.level > 0 ? 'this machine is busy: names come later' : 'names come at once again');
        break;
    }
  }

  #print(line: string): void {
    this.#wipe();
    this.#terminal.stdout.write(`${this.#label}${printable(line)}\n`);
  }

  #draw(line: string): void {
    if (!this.#hasLine) return;
    this.#terminal.stdout.write(`\r\u001b[2K${this.#label}${printable(line)} …`);
    this.#isDrawn = true;
  }

  #remark(text: string): void {
    this.#wipe();
    remark(this.#args, this.#terminal, `${this.#label}${text}`);
  }

  #wipe(): void {
    if (this.#isDrawn) this.#terminal.stdout.write('\r\u001b[2K');
    this.#isDrawn = false;
  }

  [Symbol.dispose](): void {
    this.#wipe();
  }
}

/** `0:03.2–0:07.9  Alice  97 %`; the score refers to the name: a voice without a name has none. */
function lineOf(turn: LiveTurn): string {
  const score = turn.decision === 'unknown' ? '' : `  ${percent(turn.score)}`;
  const overlap = turn.overlap ? '  several voices' : '';
  return `${clock(turn.start)}–${clock(turn.end)}  ${voiceLabel(turn)}${score}${overlap}`;
}
