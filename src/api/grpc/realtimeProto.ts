import { fileURLToPath } from 'node:url';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import type { SegmentChunk, SegmentSpeaker } from './messages.js';
import { answerInSingles, chunkInDoubles } from './singlePrecision.js';

/** Name of the service on the wire and for health checks. */
export const SERVICE_NAME = 'deepaffectsrealtime.DeepAffectsRealtime';

/** Path of the interface, for servers, tests and clients. */
export const PROTO_PATH = fileURLToPath(new URL('./deepaffects-realtime.proto', import.meta.url));

/** Marks messages from, and answers to, a client whose seconds are floats. */
const SINGLE = Symbol('seconds in single precision');
type Spelled = { [SINGLE]?: boolean };

/** Substitute for a message that is not a chunk. */
type Unreadable = { readonly isUnreadable: true };
const UNREADABLE: Unreadable = { isUnreadable: true };

export const isUnreadable = (message: SegmentChunk | Unreadable): message is Unreadable => message === UNREADABLE;

/** The published interface, for reflection. */
export const loadProto = (): PackageDefinition =>
  loadSync(PROTO_PATH, { keepCase: true, defaults: true, longs: Number, arrays: true });

/** The service definition as served: compatible with old and new clients. */
export function realtimeService(proto: PackageDefinition): ServiceDefinition {
  const service = proto[SERVICE_NAME] as unknown as ServiceDefinition;
  const spoken = Object.entries(service).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): (SegmentChunk & Spelled) | Unreadable => {
      try {
        const { message, isSingle } = chunkInDoubles(bytes);
        return Object.assign(method.requestDeserialize(message) as SegmentChunk, { [SINGLE]: isSingle });
      } catch {
        return UNREADABLE; // the library would report it as an internal error
      }
    };
    const responseSerialize = (answer: SegmentSpeaker & Spelled): Buffer => {
      const message = method.responseSerialize(answer);
      return answer[SINGLE] ? answerInSingles(message) : message;
    };
    return [name, { ...method, requestDeserialize, responseSerialize }] as const;
  });
  return Object.fromEntries(spoken);
}

export const isSinglePrecision = (chunk: SegmentChunk): boolean => (chunk as Spelled)[SINGLE] === true;

/** The answer in the encoding of its client. */
export const spelledFor = (answer: SegmentSpeaker, isSingle: boolean): SegmentSpeaker =>
  isSingle ? Object.assign(answer, { [SINGLE]: true }) : answer;
