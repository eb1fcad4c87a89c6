/** How scripts open a store of jobs: without limits, and without audio. */
export const storeLimits = {
  encryptionKey: undefined,
  nowMs: Date.now,
  withoutPerson: () => undefined,
  openAudio: async () => ({ [Symbol.asyncDispose]: async () => undefined }),
  limits: {
    ...{ maxJobs: 1e6, maxJobsOfTenant: 1e6, maxAudioBytes: 1e12, maxAudioBytesOfTenant: 1e12 },
    ...{ retryMs: 1_000, maxEndedJobsOfTenant: 1e6, maxOutcomeBytesOfTenant: 1e12 },
  },
};
