import { availableParallelism } from 'node:os';
import type { RuntimeReport } from '../../core/runtimeReport.js';
import { failed, type HealthCheck, inTwo, noted, passed } from './healthCheck.js';

const KIND = { native: 'ONNX Runtime, native', wasm: 'ONNX Runtime in WebAssembly' } as const;

/** What runs the models, that each of them has answered, and on how many threads. `tryModels` is that of an engine. */
export async function modelChecks(tryModels: () => Promise<RuntimeReport>): Promise<readonly HealthCheck[]> {
  let report: RuntimeReport;
  try {
    report = await tryModels();
  } catch (thrown) {
    return [failed('runtime', thrown)];
  }
  const { models, threads } = report;
  const cores = availableParallelism();
  return [
    runtimeCheck(report),
    passed('models', `${models.join(' and ')} answered`),
    passed('threads', `at most ${threads}, on ${cores} ${cores === 1 ? 'core' : 'cores'}`),
  ];
}

function runtimeCheck({ runtime, fallback }: RuntimeReport): HealthCheck {
  if (fallback === undefined) return passed('runtime', KIND[runtime]);
  const { found, remedy = '' } = inTwo(fallback);
  return noted('runtime', `${KIND[runtime]}, slower: ${found}`, remedy);
}
