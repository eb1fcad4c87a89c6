/** One segmentation model as `models list` shows it: who of up to three voices speaks in each moment of a window. */
export interface SegmentationModel {
  readonly kind: 'segmentation';
  /** Two different files never have one id. */
  readonly id: string;
  /** Short id in the store of added models; absent for one given by path. */
  readonly storedAs?: string;
  readonly path: string;
  readonly sampleRateHz: 16_000;
  /** Length of its input. */
  readonly windowSamples: number;
  /** From one frame of its output to the next, and what each frame is made of. */
  readonly frameShiftSamples: number;
  readonly frameSamples: number;
  readonly author: string;
  readonly licence: string;
  readonly sha256: string;
  /** True for the one in the package. */
  readonly isBuiltIn: boolean;
}
