// The second lane: Node.js 24 and Node-RED 5, installed beside the repository's own in the git-ignored folder .node24.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './nodePackages.mjs';
import { root, SetupProblem, say } from './root.mjs';

const folder = join(root, '.node24');
const wanted = { node: '24', 'node-red': '5.0.7' };

/** What the flow tests read: which Node.js and which Node-RED they start. */
export function ensureNode24Lane() {
  const node = join(folder, 'node_modules/node/bin/node');
  const nodeRed = join(folder, 'node_modules/node-red');
  const manifest = join(folder, 'package.json');
  const text = JSON.stringify({ private: true, dependencies: wanted });
  const isFresh = existsSync(node) && existsSync(manifest) && readFileSync(manifest, 'utf8').trim() === text;
  if (!isFresh) {
    say('installing Node.js 24 and Node-RED 5 for the second lane');
    mkdirSync(folder, { recursive: true });
    writeFileSync(manifest, `${text}\n`);
    // Node-RED 5 asks for Node.js 22.9: it is that of this lane that will run it.
    if (npm('install', '--prefix', folder, '--engine-strict=false', '--no-audit', '--no-fund') !== 0) {
      throw new SetupProblem('Node.js 24 and Node-RED 5 could not be installed; see above');
    }
  }
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  if (!stdout?.startsWith('v24.')) throw new SetupProblem(`${node} is not Node.js 24; delete .node24 and start again`);
  return { VOICE_PRINTS_NODE: node, VOICE_PRINTS_NODE_RED: nodeRed };
}
