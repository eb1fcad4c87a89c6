// The event-loop delay of Node-RED while a recording is worked on, and while ten live streams are named: it may not be held. The
// same tests run in `npm test` without the limit. Usage: node scripts/soak/loopDelay.mjs
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(
  process.execPath,
  [
    vitest,
    'run',
    'test/flows/liveNodeRed.test.ts',
    'test/flows/nodeRed.test.ts',
    '-t',
    'ten streams at once|event-loop delay while',
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, VOICE_PRINTS_LOOP_BOUND: '1' } },
);
process.exit(status ?? 1);
