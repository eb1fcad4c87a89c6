import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../../dist/src/cli/main.js', import.meta.url));
const WORDS_KEPT = 4_000;

/**
 * Starts the command line (or another `script`) with these words, in a process of its own, and resolves once it has printed
 * a line: `firstLine`. `died` rejects when it ends before `stop` is called. `footprint()` reads /proc: Linux only.
 */
export async function startProgram(words, env = {}, script = main) {
  const child = spawn(process.execPath, [script, ...words], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let isStopping = false;
  child.stderr.on('data', (text) => {
    said = (said + text).slice(-WORDS_KEPT);
  });
  const died = once(child, 'exit').then(([code, signal]) => {
    if (!isStopping) throw new Error(`the process ended (${code ?? signal})`);
  });
  died.catch(() => undefined);
  let printed = '';
  const firstLine = (async () => {
    for await (const text of child.stdout) {
      printed += text;
      if (printed.includes('\n')) break;
    }
    return printed.split('\n')[0];
  })();
  await Promise.race([firstLine, died]);
  child.stdout.resume();
  return {
    firstLine: await firstLine,
    pid: child.pid,
    died,
    lastWords: () => said,
    footprint: () => ({
      descriptors: readdirSync(`/proc/${child.pid}/fd`).length,
      rssMib: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1_024,
    }),
    async stop() {
      isStopping = true;
      child.kill('SIGTERM');
      const forced = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await died.catch(() => undefined);
      clearTimeout(forced);
    },
  };
}
