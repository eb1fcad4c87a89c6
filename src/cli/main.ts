#!/usr/bin/env node
const stopping = new AbortController();
/** Windows has no SIGTERM to be caught; there a closed window is SIGHUP, and Ctrl-Break is SIGBREAK. `nohup` must keep SIGHUP elsewhere. */
const SIGNALS =
  process.platform === 'win32' ? (['SIGINT', 'SIGBREAK', 'SIGHUP'] as const) : (['SIGINT', 'SIGTERM'] as const);
for (const signal of SIGNALS) {
  process.on(signal, () => {
    // The second signal: exit without cleaning up.
    if (stopping.signal.aborted) process.exit(130);
    stopping.abort();
  });
}
// A reader that closes early (`| head`) is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const { argv, stdin, stdout, stderr, env } = process;
// Loaded only now, so that Ctrl-C is handled from the start.
void import('./runCommandLine.js')
  .then(({ runCommandLine }) => runCommandLine(argv.slice(2), { stdin, stdout, stderr, env, signal: stopping.signal }))
  .then(async (exitCode) => {
    process.exitCode = exitCode;
    const { isAnyFolderSilent } = await import('../files/answering.js');
    // Every other way to exit waits for the threads of Node.js, and one of them hangs in the file system.
    if (isAnyFolderSilent()) stdout.write('', () => stderr.write('', () => process.kill(process.pid, 'SIGKILL')));
    // An open standard input would keep the process alive.
    stdin.destroy();
  });
