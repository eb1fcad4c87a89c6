import type { NodeAPI } from 'node-red';
import { onCaughtFault } from '../../src/core/guarded.js';

let stop: (() => void) | undefined;

/** Unexpected exceptions that a guard caught go to Node-RED's log, once for each place in the code. */
export function logFaults(RED: NodeAPI): void {
  stop?.(); // registered again, as in tests
  stop = onCaughtFault(({ stack }) => RED.log.error(`voice-prints: INTERNAL: ${stack}`));
}
