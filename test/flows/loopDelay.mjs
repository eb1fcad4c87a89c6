// Loaded into Node-RED by the tests: prints the event loop's delay since the last time on SIGWINCH (SIGUSR2 stops it), with threads.

import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
process.on('SIGWINCH', () => {
  const ms = (nanoseconds) => Math.round(nanoseconds / 1e4) / 100;
  const threads = readdirSync('/proc/self/task').length;
  const report = { p50Ms: ms(delay.percentile(50)), p99Ms: ms(delay.percentile(99)), maxMs: ms(delay.max), threads };
  console.log(`loop-delay ${JSON.stringify(report)}`);
  delay.reset();
});
