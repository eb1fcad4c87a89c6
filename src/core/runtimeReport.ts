/** What runs the models, after each of them has answered once. */
export interface RuntimeReport {
  /** Build of ONNX Runtime: onnxruntime-node, or the WebAssembly build in this package. */
  readonly runtime: 'native' | 'wasm';
  /** Why WebAssembly was chosen where nobody asked for it, and what to do for native speed. */
  readonly fallback?: string | undefined;
  /** Ids of the models that answered. */
  readonly models: readonly string[];
  /** Worker threads at most. */
  readonly threads: number;
}
