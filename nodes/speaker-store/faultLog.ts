import type { NodeAPI } from 'node-red';
import { onCaughtFault } from '../../src/core/guarded.js';

let stop: (() => void) | undefined;

/** What a guard caught and nobody foresaw goes to Node-RED's log, once for each place in the code. */
export function logFaults(RED: NodeAPI): void {
  stop?.(); // registered anew, as in tests
  stop = onCaughtFault(({ stack }) => RED.log.error(`voice-prints: INTERNAL: ${stack}`));
}
