import type { VoicePrintsError } from '../core/errors.js';
import type { OnnxMetadata } from './onnxMetadata.js';

/** Newest operator set that onnxruntime-node 1.30 loads; it does not guarantee sets older than 7. */
const OPSETS = { oldest: 7, newest: 26 } as const;
/** TensorProto.FLOAT */
export const FLOAT = 1;

/** Checks that the runtime can load a model; `refused` makes the error for its kind of model. */
export function assertRunnable(
  { opset, hasExternalWeights }: OnnxMetadata,
  refused: (problem: string, remedy: string) => VoicePrintsError,
): void {
  if (hasExternalWeights) throw refused('its weights are in another file', 'give a model in a single file');
  if (opset >= OPSETS.oldest && opset <= OPSETS.newest) return;
  const range = `${OPSETS.oldest} to ${OPSETS.newest}`;
  throw refused(`its operator set is ${opset}, not ${range}`, `export it with an opset of ${range}`);
}
