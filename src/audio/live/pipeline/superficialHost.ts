// Runs one GStreamer pipeline inside this process, which has nothing else to do: the addon leaks descriptors and memory
// with every pipeline, so each gets its own process, which is killed at the end. The pipeline stands in the
// environment and writes to standard output itself (fdsink); standard input ends with the parent, if not before.
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PIPELINE_VARIABLE, WATCH_VARIABLE } from './superficialEnvironment.js';

interface BusMessage {
  readonly type: string;
  readonly message?: string;
}
interface Pipeline {
  play(): void;
  pollBus(message: (message: BusMessage) => void): void;
}
type Superficial = { readonly Pipeline: new (launch: string) => Pipeline };

/** Not `process.exit`: that waits for the pending poll for ever. */
function leave(words: string): void {
  writeSync(2, words);
  process.kill(process.pid, 'SIGKILL');
}

const { Pipeline } = createRequire(import.meta.url)('gstreamer-superficial') as Superficial;
const pipeline = new Pipeline(process.env[PIPELINE_VARIABLE] ?? '');
pipeline.pollBus((message) => {
  if (message.type === 'eos') leave('EOS\n');
  if (message.type === 'error') leave(`ERROR: ${message.message ?? ''}\n`);
});
if (process.env[WATCH_VARIABLE])
  process.stdin
    .resume()
    .on('end', () => leave(''))
    .on('error', () => leave(''));
pipeline.play();
