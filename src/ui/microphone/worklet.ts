/** Runs beside the page, on the audio thread: the microphone's samples as 16-bit numbers, 100 ms at a time. */
declare const sampleRate: number;
declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

registerProcessor(
  'voice-prints-microphone',
  class extends AudioWorkletProcessor {
    readonly #samples = new Int16Array(Math.round(sampleRate / 10));
    #filled = 0;

    process([input]: readonly (readonly Float32Array[])[]): boolean {
      for (const value of input?.[0] ?? []) {
        this.#samples[this.#filled] = Math.max(-32_768, Math.min(32_767, Math.round(value * 32_768)));
        this.#filled += 1;
        if (this.#filled < this.#samples.length) continue;
        this.port.postMessage(this.#samples.slice().buffer);
        this.#filled = 0;
      }
      return true;
    }
  },
);
