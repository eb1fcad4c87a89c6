// A Node-RED of the demo's own: user directory, settings, the demo flow, our package linked in as a node module.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, lstatSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { root, SetupProblem } from '../setup/root.mjs';

const HOST = '127.0.0.1';
const USUAL_PORT = 1880;
const PACKAGE = '@voice-prints/node-red';
const shippedFlow = fileURLToPath(new URL('flow.json', import.meta.url));

/** The usual port, or a free one where that is taken. */
export async function freePort() {
  return (await tryPort(USUAL_PORT)) ?? (await tryPort(0));
}

function tryPort(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, HOST, () => {
      const { port: taken } = server.address();
      server.close(() => resolve(taken));
    });
  });
}

/** Prepares the user directory. A flow of the user's own stays, unless ours is newer; then theirs is kept as a backup. */
function prepare(userDir, demoDir) {
  mkdirSync(join(userDir, 'node_modules/@voice-prints'), { recursive: true });
  const link = join(userDir, 'node_modules', PACKAGE);
  if (lstatSync(link, { throwIfNoEntry: false })) rmSync(link, { recursive: false, force: true });
  symlinkSync(root, link, 'junction');
  const flow = join(userDir, 'flows.json');
  const isNewer = existsSync(flow) && statSync(shippedFlow).mtimeMs > statSync(flow).mtimeMs;
  if (isNewer) copyFileSync(flow, join(userDir, 'flows.backup.json'));
  if (isNewer || !existsSync(flow)) copyFileSync(shippedFlow, flow);
  // .cjs: the folder lies inside a package of ES modules.
  const settings = join(userDir, 'settings.cjs');
  writeFileSync(
    settings,
    `module.exports = ${JSON.stringify(
      {
        flowFile: 'flows.json',
        uiHost: HOST,
        fileWorkingDirectory: demoDir,
        telemetry: { enabled: false, updateNotification: false },
        editorTheme: { tours: false, projects: { enabled: false } },
        diagnostics: { enabled: true, ui: true },
        logging: { console: { level: 'info', metrics: false, audit: false } },
      },
      undefined,
      2,
    )};\n`,
  );
  return settings;
}

/** Starts Node-RED. `seen(text)` resolves once a line of its log contains the text; `ended` with its exit code. */
export function startNodeRed({ demoDir, port, onLine }) {
  const userDir = join(demoDir, 'node-red');
  const settings = prepare(userDir, demoDir);
  const red = join(dirname(createRequire(import.meta.url).resolve('node-red/package.json')), 'red.js');
  const child = spawn(process.execPath, [red, '-u', userDir, '-s', settings, '-p', String(port)], {
    cwd: demoDir,
    env: { ...process.env, NODE_RED_DISABLE_TELEMETRY: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const watchers = new Set();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      onLine(line);
      for (const watcher of watchers) watcher(line);
    });
  }
  const ended = new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const seen = (text) =>
    new Promise((resolve) => {
      watchers.add((line) => line.includes(text) && resolve());
    });
  return { url: `http://${HOST}:${port}`, ended, seen, stop: () => child.kill('SIGTERM') };
}

/** Waits until the editor answers and our nodes and the flow are loaded. Throws SetupProblem where they are not. */
export async function assertEditorRuns({ url, ended }) {
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  const until = Date.now() + 60_000;
  for (;;) {
    const flows = await json(`${url}/flows`);
    if (flows) return assertNodesLoaded(await json(`${url}/nodes`), flows);
    if (hasEnded || Date.now() > until) throw new SetupProblem('Node-RED did not start; see its log');
    await sleep(250);
  }
}

async function json(address) {
  const answer = await fetch(address, { headers: { accept: 'application/json' } }).catch(() => undefined);
  return answer?.ok ? answer.json() : undefined;
}

function assertNodesLoaded(sets, flows) {
  const ours = (sets ?? []).filter((set) => set.module === PACKAGE);
  const broken = ours.filter((set) => set.err || !set.enabled);
  if (ours.length === 0 || broken.length > 0) {
    const names = broken.map((set) => `${set.name} (${JSON.stringify(set.err)})`).join(', ');
    throw new SetupProblem(`Node-RED did not load our nodes: ${names || 'none found'}`);
  }
  const types = new Set(sets.flatMap((set) => set.types));
  const core = new Set(['tab', 'group', 'subflow']);
  const unknown = flows.filter(({ type }) => !core.has(type) && !types.has(type)).map(({ type }) => type);
  if (unknown.length > 0) throw new SetupProblem(`the demo flow has unknown nodes: ${unknown.join(', ')}`);
  return ours.flatMap((set) => set.types);
}
