import { audit } from './audit.js';
import { bench } from './bench.js';
import { calibrate } from './calibrate.js';
import type { Command } from './command.js';
import { enroll } from './enroll.js';
import { evalDer } from './evalDer.js';
import { evalIdentify } from './evalIdentify.js';
import { evalVerify } from './evalVerify.js';
import { identify } from './identify.js';
import { keysCommands } from './keys.js';
import { modelsCommands } from './models.js';
import { serve } from './serve.js';
import { speakersCommands } from './speakers.js';
import { unknownVoicesCommands } from './unknownVoices.js';
import { watch } from './watch.js';
import { webhooksCommands } from './webhooks.js';

/** Every command, in the order `--help` lists them. */
export const commands: readonly Command[] = [
  enroll,
  identify,
  watch,
  ...speakersCommands,
  ...unknownVoicesCommands,
  serve,
  ...webhooksCommands,
  ...keysCommands,
  audit,
  ...modelsCommands,
  evalVerify,
  evalIdentify,
  evalDer,
  calibrate,
  bench,
];
