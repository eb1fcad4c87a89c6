// A hundred redeploys of a flow with live sources (camera, RTP, SIP, file) in a real Node-RED: no child, socket or port
// may be left. The same test runs in `npm test` with ten. Usage: node scripts/soak/redeploys.mjs [how many]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const redeploys = process.argv[2] ?? '100';
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', 'test/flows/liveNodeRed.test.ts', '-t', 'redeploys end every child'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, VOICE_PRINTS_REDEPLOYS: redeploys } },
);
process.exit(status ?? 1);
