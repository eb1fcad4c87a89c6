import type { CalibrationParameters } from '../../../src/core/calibration.js';
import { finished } from '../../../src/core/steps.js';
import { unit } from '../../../src/core/vector.js';
import { seededRandom } from '../../../src/evaluation/damage.js';
import { UNCALIBRATED } from '../../../src/identity/calibration.js';
import type { LiveChange } from '../../../src/identity/live/liveChange.js';
import { LiveTurns } from '../../../src/identity/live/liveTurns.js';
import type { LiveWindow } from '../../../src/identity/live/voiceSum.js';
import type { EnrolledVoice } from '../../../src/identity/voices.js';

const DIMENSIONS = 192;
/** Scatter of a window beside its voice's vector of length 1: mean cosine within a voice .6, between voices 0. */
const SPREAD = 0.8;
const HOP = 8_000;
const WINDOW = 24_000;

export const CALIBRATION: CalibrationParameters = { ...UNCALIBRATED, windowCosine: { same: 0.6, different: 0.05 } };

/** Made voices speaking one after the other: windows of 1.5 s every half second, as the engine cuts them. */
export class MadeStream {
  readonly turns: LiveTurns;
  readonly changes: LiveChange[] = [];
  readonly #random = seededRandom(11);
  readonly #voices: Float32Array<ArrayBuffer>[];
  /** Speech over noise of what is spoken from now on; undefined: nobody measured. */
  snrDb: number | undefined;
  #sample = 0;

  constructor(voices = 4) {
    this.#voices = Array.from({ length: voices }, () => this.#direction());
    let turns = 0;
    const newTurnId = () => `t${++turns}`;
    this.turns = new LiveTurns({ calibration: CALIBRATION, falseAcceptPercent: 1, newTurnId });
  }

  /** One stretch of speech; each part is a voice and its seconds, a multiple of .5. */
  speak(...parts: readonly (readonly [voice: number, seconds: number])[]): LiveChange[] {
    const from = this.changes.length;
    const startSample = this.#sample;
    const voiceAt = parts.flatMap(([voice, seconds]) => new Array<number>(Math.round(seconds * 2)).fill(voice));
    for (let half = 1; half <= voiceAt.length; half += 1) {
      const endSample = startSample + half * HOP;
      const heard = voiceAt.slice(Math.max(0, half - 3), half);
      const window: LiveWindow = {
        startSample: Math.max(startSample, endSample - WINDOW),
        endSample,
        embedding: this.#window(heard),
        samples: HOP,
      };
      const span = { startSample, endSample, snrDb: this.snrDb };
      const isLast = half === voiceAt.length;
      this.changes.push(...finished(isLast ? this.turns.end(span, [window]) : this.turns.update(span, [window])));
    }
    this.#sample += voiceAt.length * HOP + 16_000;
    return this.changes.slice(from);
  }

  /** The voice as an enrolled person, from clean samples. */
  enrolled(voice: number, id: string): EnrolledVoice {
    const exemplars = Array.from({ length: 3 }, () => {
      const scatter = this.#direction();
      return unit(this.#voices[voice]!.map((value, i) => value + 0.2 * scatter[i]!));
    });
    return { id, exemplars, mean: this.#voices[voice]!, speechSeconds: 20, isNarrowBand: false };
  }

  #window(voices: readonly number[]): Float32Array<ArrayBuffer> {
    const scatter = this.#direction();
    const length = SPREAD * Math.sqrt(3 / voices.length);
    return unit(
      scatter.map(
        (value, i) => length * value + voices.reduce((sum, v) => sum + this.#voices[v]![i]!, 0) / voices.length,
      ),
    );
  }

  #direction(): Float32Array<ArrayBuffer> {
    const random = this.#random;
    return unit(Float32Array.from({ length: DIMENSIONS }, () => random() + random() + random() - 1.5));
  }
}

export const finalsOf = (changes: readonly LiveChange[]) =>
  changes.flatMap((change) => (change.type === 'turn' && change.turn.isFinal ? [change.turn] : []));
export const relabelsOf = (changes: readonly LiveChange[]) =>
  changes.flatMap((change) => (change.type === 'relabel' ? [change] : []));
