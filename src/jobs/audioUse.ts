/** Audio processed by one job, accounted to the UTC day (`2026-05-31`) on which the job ended. */
export interface AudioUse {
  readonly tenantId: string;
  readonly day: string;
  readonly audioMs: number;
}
