import { type OnnxSession, openOnnxSession } from '../inference/onnxSession.js';

/** Samples the network looks at in one step: 32 ms. */
const HOP = 512;
const CONTEXT = 64; // samples before the hop that it sees as well
const ROW = CONTEXT + HOP;
const RECURRENT = 128;
/** Hops in one run: enough that the call costs nothing beside the work, few enough that what it holds stays in the cache. */
const RUN_HOPS = 256;

/** What the network remembers between two pieces of one stream. */
export interface SileroState {
  /** Recurrent state, shape (2 * 128,). */
  readonly recurrent: Float32Array<ArrayBuffer>;
  /** The last 64 samples before the piece. */
  readonly context: Float32Array<ArrayBuffer>;
}

/**
 * Silero VAD v5 (MIT) with the hops of one stream as the rows of its input; made at build time by scripts/assets/sileroSequence.mjs.
 * Inputs `input` (t, 576), `state` (2, 1, 128); outputs `output` (t,), `stateN` (2, 1, 128).
 */
export class SileroVad {
  readonly #session: OnnxSession;

  private constructor(session: OnnxSession) {
    this.#session = session;
  }

  /** Loads the network. Throws MODEL_INVALID, INFERENCE_UNAVAILABLE. */
  static async open(path: string): Promise<SileroVad> {
    return new SileroVad(await openOnnxSession(path));
  }

  /**
   * Speech probability 0..1 of every whole hop of `samples` (mono 16 kHz, amplitudes in [-1, 1]); what is left over
   * at the end is not looked at. `state` undefined starts a stream. Throws INFERENCE_FAILED.
   */
  async detect(
    samples: Float32Array,
    state: SileroState | undefined,
  ): Promise<{ readonly probabilities: Float32Array<ArrayBuffer>; readonly state: SileroState }> {
    const hops = Math.floor(samples.length / HOP);
    const probabilities = new Float32Array(hops);
    let recurrent = state?.recurrent.slice() ?? new Float32Array(2 * RECURRENT);
    const before = state?.context.slice() ?? new Float32Array(CONTEXT);
    for (let first = 0; first < hops; first += RUN_HOPS) {
      const rows = Math.min(RUN_HOPS, hops - first);
      const outputs = await this.#session.run({
        input: { data: rowsOf(samples, first, rows, before), shape: [rows, ROW] },
        state: { data: recurrent, shape: [2, 1, RECURRENT] },
      });
      probabilities.set(outputs.output!, first);
      recurrent = outputs.stateN!;
    }
    const end = hops * HOP;
    const context = hops > 0 ? samples.slice(end - CONTEXT, end) : before;
    return { probabilities, state: { recurrent, context: context as Float32Array<ArrayBuffer> } };
  }
}

/** Hops `first` … `first + rows` of `samples`, each after the 64 samples before it, shape (rows, 576). */
function rowsOf(samples: Float32Array, first: number, rows: number, before: Float32Array): Float32Array {
  const input = new Float32Array(rows * ROW);
  for (let row = 0; row < rows; row += 1) {
    const start = (first + row) * HOP;
    if (start === 0) {
      input.set(before);
      input.set(samples.subarray(0, HOP), CONTEXT);
    } else input.set(samples.subarray(start - CONTEXT, start + HOP), row * ROW);
  }
  return input;
}
