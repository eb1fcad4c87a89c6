export declare const DESCRIPTION: string;

export interface RightCall {
  readonly port: number;
  readonly callId: string;
  readonly toTag?: string;
  readonly cseq?: number;
  readonly branch: string | number;
  readonly body?: string;
}
export declare function rightMessage(method: string, call: RightCall): string;

export declare class Mutations {
  constructor(seed: number);
  random(below: number): number;
  pick<T>(items: readonly T[]): T;
  bytes(length: number): Buffer;
  text(right: string): string;
  packet(right: Uint8Array): Buffer;
  rtp(payloadTypes: readonly number[], sequence: number): Buffer;
}
