import { type OnnxSession, openOnnxSession } from '../inference/onnxSession.js';

/** Samples the network looks at in one step: 32 ms. */
export const VAD_HOP = 512;
const CONTEXT = 64; // samples before the hop that it sees as well
const RECURRENT = 128;
const SAMPLE_RATE_HZ = 16_000n;

/** What the network remembers between two pieces of one stream. */
export interface SileroState {
  /** Recurrent state, shape (2 * 128,). */
  readonly recurrent: Float32Array<ArrayBuffer>;
  /** The last 64 samples before the piece. */
  readonly context: Float32Array<ArrayBuffer>;
}

/** Silero VAD v5 (MIT): inputs `input` (n, 576), `state` (2, n, 128), `sr`; outputs `output` (n, 1), `stateN`. */
export class SileroVad {
  readonly #session: OnnxSession;
  readonly #rate = BigInt64Array.of(SAMPLE_RATE_HZ);

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
    const hops = Math.floor(samples.length / VAD_HOP);
    const probabilities = new Float32Array(hops);
    const input = new Float32Array(CONTEXT + VAD_HOP);
    let recurrent = state?.recurrent ?? new Float32Array(2 * RECURRENT);
    if (state) input.set(state.context);
    for (let hop = 0; hop < hops; hop += 1) {
      const at = hop * VAD_HOP;
      if (hop > 0) input.set(samples.subarray(at - CONTEXT, at));
      input.set(samples.subarray(at, at + VAD_HOP), CONTEXT);
      const outputs = await this.#session.run({
        input: { data: input, shape: [1, CONTEXT + VAD_HOP] },
        state: { data: recurrent, shape: [2, 1, RECURRENT] },
        sr: { data: this.#rate, shape: [] },
      });
      probabilities[hop] = outputs.output![0]!;
      recurrent = outputs.stateN!;
    }
    const context = hops > 0 ? input.slice(-CONTEXT) : (state?.context.slice() ?? new Float32Array(CONTEXT));
    return { probabilities, state: { recurrent: recurrent.slice(), context } };
  }
}
