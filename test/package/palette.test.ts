import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Client, credentials, type MethodDefinition } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { foreignImports, packageOf } from '../../scripts/vendor/foreignImports.mjs';
import { demoScene, RESIDENTS } from '../support/demoScene.js';
import { installedSize, installFromPalette, packPackage } from '../support/packedPackage.js';

// The tarball, installed as Node-RED's palette does it, into a path with spaces and letters that are not ASCII. What its nodes do
// there: test/flows/upload.test.ts.

const run = promisify(execFile);
/** What our files and the bundled libraries try, and do without. */
const OPTIONAL = ['onnxruntime-node', '@wasm-audio-decoders/opus-ml', '@opentelemetry/api'];

let folder: string;
let userDir: string;
let installed: string;
let complaints: string;
let manifest: {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'voice-prints-palette-'));
  userDir = join(folder, 'Benutzer für Node-RED');
  complaints = await installFromPalette(await packPackage(folder), userDir);
  installed = join(userDir, 'node_modules/@voice-prints/node-red');
  manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const voicePrintsProgram = () => join(userDir, 'node_modules/.bin/voice-prints');

const files = (place: string, end: string): string[] =>
  readdirSync(join(installed, place), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => join(installed, place, name));

test('it is small, needs no install script, and npm has no complaint', () => {
  const { packages, megabytes } = installedSize(userDir);
  expect(complaints).toBe('');
  expect(packages.length).toBeLessThanOrEqual(40);
  expect(megabytes).toBeLessThanOrEqual(60);
  expect(packages).not.toContain('onnxruntime-node');
  expect(packages).not.toContain('gstreamer-superficial');
  expect(Object.keys(manifest.dependencies).length).toBeLessThanOrEqual(6);
});

test('its files import what is installed with it, and nothing else', () => {
  const imported = new Set(
    files('dist', '.js').flatMap((file) => {
      const code = readFileSync(file, 'utf8');
      return foreignImports(code).map(({ specifier }) => specifier);
    }),
  );
  for (const name of builtinModules) imported.delete(name);
  for (const name of [...OPTIONAL, '@voice-prints/node-red']) imported.delete(name);
  expect([...imported].map(packageOf).sort()).toEqual(Object.keys(manifest.dependencies).sort());
});

test('every bundled library has its licence in the notices', () => {
  const origins = files('dist/vendor', '.js').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^\/\/ .*\bnode_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(
      ([, name]) => name!,
    ),
  );
  // The bundle for browsers is minified: nothing in it says where its parts are from.
  const inBrowsers = readdirSync('src/ui', { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .flatMap((name) => [
      ...readFileSync(join('src/ui', name), 'utf8').matchAll(/^import (?!type ).* from '([^.'][^']*)';/gm),
    ])
    .map(([, specifier]) => packageOf(specifier!));
  expect(inBrowsers).toContain('preact');
  const notices = readFileSync(join(installed, 'dist/vendor/THIRD-PARTY-NOTICES.md'), 'utf8');
  const named = new Set([...notices.matchAll(/^## (\S+) \d/gm)].map(([, name]) => name!));
  expect([...new Set([...origins, ...inBrowsers])].sort()).toEqual([...named].sort());
  for (const compiled of ['libopus', 'libFLAC', 'puff']) expect(notices).toContain(`## ${compiled}, compiled, in `);
});

test('its public types name no package that is not installed', () => {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport\()\s*['"]([^'"]+)['"]/g)) {
      if (name!.startsWith('.')) visit(resolve(dirname(file), name!.replace(/\.js$/, '.d.ts')));
      else if (!name!.startsWith('node:')) packages.add(packageOf(name!));
    }
  };
  for (const entry of Object.values(manifest.exports)) {
    if (typeof entry === 'object') visit(join(installed, entry.types));
  }
  expect(seen.size).toBeGreaterThan(50);
  expect(files('dist', '.d.ts').sort()).toEqual([...seen].sort()); // none that nobody reaches
  for (const name of packages) expect(Object.keys(manifest.dependencies)).toContain(name);
});

test('an error of ours names our file', async () => {
  const program =
    'import("@voice-prints/node-red").then(({ createEngine }) => createEngine(1)).catch((e) => console.log(e.stack))';
  const { stdout } = await run(process.execPath, ['-e', program], { cwd: userDir });
  expect(stdout).toMatch(/node-red[\\/]dist[\\/]src[\\/]engine[\\/]\w+\.js:\d+/);
});

test('every bundled library can be loaded', async () => {
  // Not `worker.js`, which is piscina's thread: it ends where it is no thread.
  const names = files('dist/vendor', '.js').map((file) => basename(file));
  const list = JSON.stringify(names.filter((name) => name !== 'worker.js'));
  const program = `for (const name of ${list}) await import('./dist/vendor/' + name); process.exit()`;
  await run(process.execPath, ['--input-type=module', '-e', program], { cwd: installed });
});

test('its server answers over REST and gRPC, with the files that libraries read by path', async () => {
  const server = spawn(voicePrintsProgram(), ['serve', '--port', '0', '--grpc-port', '0'], {
    cwd: userDir,
    env: {
      ...process.env,
      VOICE_PRINTS_HOME: join(folder, 'served'),
      VOICE_PRINTS_API_KEYS: 'home:a-key-of-this-test-alone',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
    const { rest, grpc } = JSON.parse(line) as { readonly rest: string; readonly grpc: string };
    expect((await fetch(`${rest}/docs`)).status).toBe(200);
    const metrics = await fetch(`${rest}/metrics`, { headers: { authorization: 'Bearer a-key-of-this-test-alone' } });
    expect(await metrics.text()).toContain('voice_prints_calls_total');
    const client = new Client(grpc, credentials.createInsecure());
    const { Check } = healthService as unknown as {
      readonly Check: MethodDefinition<{ service: string }, { status: number }>;
    };
    const answer = await new Promise((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = Check;
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service: '' }, (error, value) =>
        error ? reject(error) : resolve(value),
      );
    });
    client.close();
    expect(answer).toMatchObject({ status: 'SERVING' });
  } finally {
    const ended = once(server, 'close');
    server.kill('SIGTERM');
    await ended;
  }
});

test('its command line names the conversation of the demo', { timeout: 900_000 }, async () => {
  const { samples, conversation } = await demoScene(join(folder, 'demo'));
  const { VOICE_PRINTS_KEY: _key, VOICE_PRINTS_RUNTIME: _runtime, ...env } = process.env;
  const voicePrints = async (...args: string[]): Promise<string> => {
    const { stdout } = await run(voicePrintsProgram(), args, {
      cwd: userDir,
      env: { ...env, VOICE_PRINTS_HOME: join(folder, 'store') },
    });
    return stdout;
  };
  for (const id of RESIDENTS) {
    expect(await voicePrints('enroll', id, ...samples[id], '--consent', 'synthetic')).toContain('complete');
  }
  const { segments } = JSON.parse(await voicePrints('identify', conversation, '--json'));
  const named = new Set(segments.map(({ speakerId }: { readonly speakerId?: string }) => speakerId));
  for (const id of RESIDENTS) expect(named).toContain(id);
});
