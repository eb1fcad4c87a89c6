// `npm test`: everything that must hold, cheap checks first. The last line counts what passed and what failed.
// Names of test files or folders may follow (`npm test -- test/cli`): then only these run, without the checks.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ensureAsterisk } from './setup/asterisk.mjs';
import { ensureDebianPackages, FOR_TESTS } from './setup/debianPackages.mjs';
import { ensureHelm } from './setup/helm.mjs';
import { ensureMuslNode } from './setup/muslNode.mjs';
import { ensureBuilt, ensureNodePackages } from './setup/nodePackages.mjs';
import { ensureNode24Lane } from './setup/nodeRedLane.mjs';
import { ensurePromtool } from './setup/promtool.mjs';
import { assertNodeVersion, root, SetupProblem, say } from './setup/root.mjs';

const only = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'voice-prints-test-'));
const counted = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const LONGEST_MESSAGE = 1000;

/** Tests of what runs the networks: they have to hold on both builds of ONNX Runtime. */
const OF_INFERENCE = ['test/inference', 'test/numeric', 'test/speech/segmentationNet.test.ts', 'test/engine/recording'];

/** What pyproject.toml of models/training asks for, as Python imports it. */
const TRAINING_MODULES = [
  'torch',
  'numpy',
  'scipy',
  'soundfile',
  'onnx',
  'onnxruntime',
  'pyroomacoustics',
  'kaldi_native_fbank',
  'sherpa_onnx',
  'pytest',
  'ruff',
  'mypy',
];

const bin = (name) => join(root, 'node_modules', name);

/** Runs a program of node_modules under this Node; answers whether it succeeded. */
function run(script, args, env = {}) {
  const { status } = spawnSync(process.execPath, [bin(script), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  return status === 0;
}

function check(name, isGood) {
  counted[isGood ? 'passed' : 'failed'] += 1;
  if (!isGood) failures.push(name);
}

/** A line for each test that failed in a run, with the beginning of its message: the end of a long log says what was wrong. */
function failedTests(name, { testResults }) {
  return testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => {
        const message = (failureMessages[0] ?? '').slice(0, LONGEST_MESSAGE).replaceAll('\n', '\n    ');
        return `${name}: ${relative(root, file.name)}: ${fullName}\n    ${message}`;
      }),
  );
}

/** One run of vitest, its tests added to the count. A run that dies without a report is a failure of its own. */
function tests(name, args, env = {}) {
  say(name);
  const report = join(scratch, `${name.replaceAll(/\W+/g, '-')}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const isGood = run('vitest/vitest.mjs', ['run', ...reporters, ...args], env);
  if (!existsSync(report)) return check(`${name}: no report`, false);
  const results = JSON.parse(readFileSync(report, 'utf8'));
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = results;
  counted.passed += numPassedTests;
  counted.failed += numFailedTests;
  counted.skipped += numPendingTests + numTodoTests;
  if (numFailedTests > 0) failures.push(...failedTests(name, results));
  // A file that cannot be loaded, or an error between tests, fails no test but the run.
  else if (!isGood || numPassedTests === 0) check(`${name}: the run`, false);
}

function checks() {
  say('checks: format and lint, types, dependency rules, unused code, package');
  check('biome', run('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']));
  for (const project of ['tsconfig.test.json', 'tsconfig.editor.json']) {
    check(`tsc ${project}`, run('typescript-native/bin/tsc', ['--noEmit', '-p', project]));
  }
  const rules = ['--config', '.dependency-cruiser.cjs', 'src', 'nodes'];
  check('dependency-cruiser', run('dependency-cruiser/bin/dependency-cruise.mjs', rules));
  check('knip', run('knip/bin/knip.js', ['--no-config-hints']));
  check('publint', run('publint/src/cli.js', ['--strict']));
}

/** The training programs' checks and tests, where Python has what they need; says so where it has not. */
function training() {
  const python = process.env.VOICE_PRINTS_TRAINING_PYTHON ?? 'python3';
  const folder = join(root, 'models', 'training');
  const wanted = 'import importlib.util as u, sys; print(*[m for m in sys.argv[1:] if u.find_spec(m) is None])';
  const { status, stdout } = spawnSync(python, ['-c', wanted, ...TRAINING_MODULES], { encoding: 'utf8' });
  const missing = status === 0 ? stdout.trim() : python;
  if (missing !== '') {
    return say(`models/training: not tested, there is no ${missing.replaceAll(' ', ', ')} (see its README.md)`);
  }
  say('models/training: ruff, mypy, pytest');
  const runModule = (...args) => spawnSync(python, ['-m', ...args], { cwd: folder, stdio: 'inherit' }).status === 0;
  check('ruff', runModule('ruff', 'check', '.') && runModule('ruff', 'format', '--check', '.'));
  check('mypy', runModule('mypy'));
  const report = join(scratch, 'pytest.xml');
  const isGood = runModule('pytest', '-q', `--junit-xml=${report}`);
  const suite = existsSync(report) ? readFileSync(report, 'utf8') : '';
  const [count, failed, errors, skipped] = ['tests', 'failures', 'errors', 'skipped'].map((name) =>
    Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0),
  );
  counted.passed += count - failed - errors - skipped;
  counted.failed += failed + errors;
  counted.skipped += skipped;
  if (failed + errors > 0) failures.push(`pytest: ${failed + errors} tests`);
  else if (!isGood || count === 0) check('pytest: the run', false);
}

async function main() {
  assertNodeVersion();
  ensureDebianPackages(FOR_TESTS);
  ensureNodePackages();
  ensureBuilt();
  // Only now: it asks with a package of node_modules.
  const { ensurePostgres } = await import('./setup/postgres.mjs');
  const postgres = await ensurePostgres();
  try {
    Object.assign(process.env, postgres.env);
    all();
  } finally {
    await postgres.end();
  }
}

function all() {
  if (only.length > 0)
    return tests('tests', only, {
      ...(only.some((name) => name.includes('sip')) && ensureAsterisk()),
      ...(only.some((name) => name.includes('packaging')) && { ...ensureHelm(), ...ensurePromtool() }),
    });
  checks();
  training();
  tests('tests', [], { ...ensureAsterisk(), ...ensureHelm(), ...ensurePromtool() });
  tests('inference in WebAssembly', OF_INFERENCE, { VOICE_PRINTS_RUNTIME: 'wasm' });
  const musl = ensureMuslNode();
  if (musl) tests('command line on musl', ['test/cli/withoutNativeRuntime.test.ts'], musl);
  const lane = ensureNode24Lane();
  tests('flows on Node.js 24 and Node-RED 5', ['test/flows'], lane);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof SetupProblem ? `voice-prints: ${error.message}` : error);
  check('set-up', false);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (failures.length > 0) console.log(`\nfailed:\n  ${failures.join('\n  ')}`);
const { passed, failed, skipped } = counted;
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;
