/** One audio track of a container, as its header describes it. */
export interface AudioTrack {
  /** e.g. `aac`, `opus`, `alac`; undefined where the header does not declare it. */
  readonly codec: string | undefined;
  readonly sampleRateHz: number | undefined;
  readonly channels: number | undefined;
  /** Where its sound ends on the time line of the container, a late start included; undefined where it is not declared. */
  readonly endMs: number | undefined;
}
