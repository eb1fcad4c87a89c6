import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../scripts/setup/freePort.mjs';

/** Node-RED of this repository would find it beside itself, wherever its user directory is. */
const DASHBOARD = '@flowfuse/node-red-dashboard';

export const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Another Node-RED, and the Node.js it needs: `VOICE_PRINTS_NODE_RED` is its package folder, `VOICE_PRINTS_NODE` a binary. */
const nodeRedDir =
  process.env.VOICE_PRINTS_NODE_RED ?? dirname(createRequire(import.meta.url).resolve('node-red/package.json'));
const nodeBinary = process.env.VOICE_PRINTS_NODE ?? process.execPath;

/** Less than a test may take: what was said by then is in the failure. */
const PATIENCE_MS = 240_000;

export type Flow = ReadonlyArray<Readonly<Record<string, unknown>> & { readonly id: string; readonly type: string }>;

export interface NodeRedOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of Node.js itself, e.g. `--import`. */
  readonly nodeArguments?: readonly string[];
  /** Without our package. */
  readonly isEmpty?: boolean;
  /** With Dashboard 2. */
  readonly hasDashboard?: boolean;
}

/** A real Node-RED in a process and a user directory of its own, our package linked in. */
export class NodeRedProcess implements AsyncDisposable {
  readonly url: string;
  readonly userDir: string;
  readonly lines: string[] = [];
  readonly child: ChildProcess;
  readonly #ended: Promise<number | null>;
  /** Where its editor lies. */
  readonly #adminUrl: string;

  private constructor(url: string, adminRoot: string, userDir: string, child: ChildProcess) {
    this.url = url;
    this.#adminUrl = url + adminRoot;
    this.userDir = userDir;
    this.child = child;
    this.#ended = new Promise((resolve) => {
      child.once('close', resolve);
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.lines.push(...text.split('\n').filter(Boolean)));
    }
  }

  /** Ready to serve when it resolves. */
  static async start(options: NodeRedOptions = {}): Promise<NodeRedProcess> {
    const userDir = mkdtempSync(join(tmpdir(), 'voice-prints-red-'));
    mkdirSync(join(userDir, 'tmp')); // its temporary files lie apart, so that a test sees what it leaves
    if (!options.isEmpty) {
      mkdirSync(join(userDir, 'node_modules/@voice-prints'), { recursive: true });
      symlinkSync(packageRoot, join(userDir, 'node_modules/@voice-prints/node-red'), 'junction');
    }
    if (options.hasDashboard) {
      mkdirSync(join(userDir, 'node_modules/@flowfuse'), { recursive: true });
      const dashboard = dirname(createRequire(import.meta.url).resolve('@flowfuse/node-red-dashboard/package.json'));
      symlinkSync(dashboard, join(userDir, 'node_modules', DASHBOARD), 'junction');
    }
    const settings = {
      ...(!options.hasDashboard && { externalModules: { palette: { denyList: [DASHBOARD] } } }),
      flowFile: 'flows.json',
      credentialSecret: 'only for this test',
      uiHost: '127.0.0.1',
      fileWorkingDirectory: userDir,
      telemetry: { enabled: false, updateNotification: false },
      editorTheme: { tours: false },
      logging: { console: { level: 'info', metrics: false, audit: false } },
      ...options.settings,
    };
    writeFileSync(join(userDir, 'settings.js'), `module.exports = ${JSON.stringify(settings)};\n`);
    const port = await freePort();
    const child = spawn(
      nodeBinary,
      [...(options.nodeArguments ?? []), join(nodeRedDir, 'red.js'), '-u', userDir, '-p', String(port)],
      {
        cwd: userDir,
        env: { ...process.env, TMPDIR: join(userDir, 'tmp'), ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const adminRoot = String(options.settings?.httpAdminRoot ?? '');
    const started = new NodeRedProcess(`http://127.0.0.1:${port}`, adminRoot, userDir, child);
    await started.line(/Started flows|No flows|Welcome to Node-RED/);
    await started.#answering();
    return started;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Replaces every flow, as the editor's deploy button does; resolves once they run. */
  async deploy(flow: Flow, type: 'full' | 'nodes' = 'full'): Promise<void> {
    const before = this.lines.length;
    const answer = await fetch(`${this.#adminUrl}/flows`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Node-RED-Deployment-Type': type },
      body: JSON.stringify(flow),
    });
    if (!answer.ok) throw new Error(`deploy failed: ${answer.status} ${await answer.text()}`);
    await this.line(/Started (modified )?(flows|nodes)/, before);
  }

  /** The first line of the log, from `from` on, that fits; fails when the process ends, or shortly before the test is ended. */
  async line(pattern: RegExp, from = 0, timeoutMs = PATIENCE_MS): Promise<string> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const found = this.lines.slice(from).find((line) => pattern.test(line));
      if (found) return found;
      if (!this.isRunning || Date.now() > until) {
        throw new Error(`Node-RED never said ${pattern}:\n${this.lines.slice(-20).join('\n')}`);
      }
      await sleep(50);
    }
  }

  async json(path: string): Promise<unknown> {
    const answer = await fetch(this.#adminUrl + path, { headers: { Accept: 'application/json' } });
    return answer.json();
  }

  /** Asks it to end, and removes its user directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) this.child.kill('SIGTERM');
    const hard = setTimeout(() => this.child.kill('SIGKILL'), 20_000);
    await this.#ended;
    clearTimeout(hard);
    rmSync(this.userDir, { recursive: true, force: true });
  }

  async #answering(): Promise<void> {
    for (const untilMs = Date.now() + PATIENCE_MS; Date.now() < untilMs && this.isRunning; ) {
      const answer = await fetch(`${this.#adminUrl}/settings`).catch(() => undefined);
      if (answer?.ok || answer?.status === 401) return; // 401: its editor asks for a log-in
      await sleep(50);
    }
    throw new Error('Node-RED does not answer');
  }
}
