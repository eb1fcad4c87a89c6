/** Progress of a long operation. `totalMs` is undefined where the length is not known before the end. */
export interface Progress {
  readonly stage: 'decode' | 'analyse' | 'cluster';
  readonly doneMs: number;
  readonly totalMs: number | undefined;
}
export type OnProgress = (progress: Progress) => void;
