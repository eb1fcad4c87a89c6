/** Limits on one stream. */
export interface GrpcLimits {
  /** Largest message: base64 of a chunk. */
  readonly maxMessageBytes: number;
  readonly maxChunkMs: number;
  readonly maxDecodeMs: number;
  /** A stream without a chunk for this long is ended. */
  readonly idleMs: number;
}

export interface GrpcServerLimits extends GrpcLimits {
  /** Beyond that, connections without an admitted stream are closed. */
  readonly maxConnections: number;
  readonly maxStreamsPerTenant: number;
  readonly maxStreams: number;
}

export const GRPC_LIMITS: GrpcServerLimits = {
  maxMessageBytes: 16 * 2 ** 20,
  maxChunkMs: 120_000,
  maxDecodeMs: 60_000,
  idleMs: 300_000,
  maxStreamsPerTenant: 100,
  maxStreams: 500,
  maxConnections: 1_000,
};
