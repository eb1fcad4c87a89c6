// Resident memory of one thread as the parts of an engine are loaded into it: npm run build && node --expose-gc scripts/bench/memoryParts.mjs
import { fileURLToPath } from 'node:url';
import { openRuntime } from '../../dist/src/inference/onnxRuntime.js';
import { openOnnxSession } from '../../dist/src/inference/onnxSession.js';

const pathOf = (file) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const zeros = (...shape) => ({ data: new Float32Array(shape.reduce((a, b) => a * b)), shape });
let before = 0;
function report(part) {
  globalThis.gc();
  const megabytes = process.memoryUsage().rss / 2 ** 20;
  console.log(`${part}: +${(megabytes - before).toFixed(1)} MB, together ${megabytes.toFixed(1)} MB`);
  before = megabytes;
}

report('Node.js');
await openRuntime();
report('ONNX Runtime');
const vad = await openOnnxSession(pathOf('dist/assets/silero-vad-5-sequence.onnx'));
await vad.run({ input: zeros(256, 576), state: zeros(2, 1, 128) });
report('voice activity');
const segmentation = await openOnnxSession(pathOf('models/voice-prints-segmentation-3.onnx'));
await segmentation.run({ [segmentation.inputNames[0]]: zeros(1, 1, 160_000) });
report('segmentation');
const speaker = await openOnnxSession(pathOf('models/voice-prints-2.onnx'));
await speaker.run({ [speaker.inputNames[0]]: zeros(8, 248, 80) });
report('speaker network');
await import('../../dist/src/index.js');
report('code of an engine');
