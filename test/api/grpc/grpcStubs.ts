import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROTO_PATH } from '../../../src/api/grpc/realtimeProto.js';

/** Debian's Python, which has Debian's grpcio. */
export const PYTHON = '/usr/bin/python3';

/** A turn or a fault as Python saw it; fields at their default are left out. */
export interface Told {
  readonly answers: readonly {
    readonly id?: number;
    readonly speaker_id?: string;
    readonly start?: number;
    readonly end?: number;
    readonly Error?: string;
    readonly identification_score?: number;
  }[];
  readonly status: string;
  readonly details?: string;
}

export interface Asked {
  readonly address: string;
  readonly metadata: readonly (readonly [string, string])[];
  readonly chunks: readonly Readonly<Record<string, unknown>>[];
  readonly certificate?: string;
  readonly method?: string;
  readonly everyChunkAnswered?: boolean;
}

/** Stubs compiled from the interface file, in a folder for PYTHONPATH; `isOld`: with `float` seconds, as first published. */
export function compiledStubs(isOld = false): { readonly folder: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'voice-prints-stubs-'));
  const proto = join(folder, 'deepaffects-realtime.proto');
  const text = readFileSync(PROTO_PATH, 'utf8');
  writeFileSync(proto, isOld ? text.replaceAll(/\bdouble\b/g, 'float') : text);
  execFileSync('protoc', [
    `-I${dirname(proto)}`,
    `--python_out=${folder}`,
    `--grpc_python_out=${folder}`,
    `--plugin=protoc-gen-grpc_python=${execFileSync('which', ['grpc_python_plugin'], { encoding: 'utf8' }).trim()}`,
    proto,
  ]);
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Lets Python's grpcio make calls, one after the other. */
export async function pythonCalls(stubs: string, asked: readonly Asked[]): Promise<readonly Told[]> {
  const peer = fileURLToPath(new URL('./grpcPeer.py', import.meta.url));
  const child = spawn(PYTHON, [peer], { env: { ...process.env, PYTHONPATH: stubs }, stdio: ['pipe', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  child.stdin.end(JSON.stringify(asked));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`the Python client ended with ${code}: ${texts.stderr}`);
  return JSON.parse(texts.stdout) as Told[];
}
