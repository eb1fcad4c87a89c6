/** One segmentation model as `models list` shows it: it gives the activity of up to three voices in each frame of a chunk. */
export interface SegmentationModel {
  readonly kind: 'segmentation';
  /** Two different files never have the same id. */
  readonly id: string;
  /** Short id in the store of added models; absent for one given by path. */
  readonly storedAs?: string;
  readonly path: string;
  readonly sampleRateHz: 16_000;
  /** Length of its input. */
  readonly windowSamples: number;
  /** Shift between output frames, and length of a frame. */
  readonly frameShiftSamples: number;
  readonly frameSamples: number;
  readonly author: string;
  readonly licence: string;
  readonly sha256: string;
  /** True for the one in the package. */
  readonly isBuiltIn: boolean;
}
