import type { Command } from './command.js';
import { audit } from './commands/audit.js';
import { bench } from './commands/bench.js';
import { calibrate } from './commands/calibrate.js';
import { doctor } from './commands/doctor.js';
import { enroll } from './commands/enroll.js';
import { evalDer } from './commands/evalDer.js';
import { evalIdentify } from './commands/evalIdentify.js';
import { evalVerify } from './commands/evalVerify.js';
import { explain } from './commands/explain.js';
import { identify } from './commands/identify.js';
import { keysCommands } from './commands/keys.js';
import { mendSpeakersCommands } from './commands/mendSpeakers.js';
import { migrate } from './commands/migrate.js';
import { modelsCommands } from './commands/models.js';
import { serve } from './commands/serve.js';
import { speakersCommands } from './commands/speakers.js';
import { storeCopy } from './commands/storeCopy.js';
import { unknownVoicesCommands } from './commands/unknownVoices.js';
import { watch } from './commands/watch.js';
import { webhooksCommands } from './commands/webhooks.js';

/** Every command, in the order `--help` lists them. */
export const commands: readonly Command[] = [
  enroll,
  identify,
  watch,
  ...speakersCommands,
  ...mendSpeakersCommands,
  ...unknownVoicesCommands,
  serve,
  ...webhooksCommands,
  ...keysCommands,
  audit,
  storeCopy,
  ...modelsCommands,
  evalVerify,
  evalIdentify,
  evalDer,
  calibrate,
  bench,
  migrate,
  doctor,
  explain,
];
