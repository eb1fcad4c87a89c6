// Starts `voice-prints serve` as an app of Home Assistant.
import { lchownSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { serveOptions } from './serveOptions.mjs';

const STORE = '/data/voice-prints';
const ACCOUNT = 10001;
const PACKAGE = '/opt/voice-prints/node_modules/@voice-prints/node-red';

/** Gives a folder and all in it to the account: a restored backup may belong to root. */
function give(path) {
  const entry = lstatSync(path);
  if (entry.isDirectory()) for (const name of readdirSync(path)) give(join(path, name));
  if (entry.uid !== ACCOUNT || entry.gid !== ACCOUNT) lchownSync(path, ACCOUNT, ACCOUNT);
}

const { args, env } = serveOptions(JSON.parse(readFileSync('/data/options.json', 'utf8')));
mkdirSync(STORE, { recursive: true, mode: 0o700 });
give(STORE);
process.setgroups([]);
process.setgid(ACCOUNT);
process.setuid(ACCOUNT);
process.chdir(STORE);

delete process.env.SUPERVISOR_TOKEN; // not needed: nothing is asked of the Supervisor
Object.assign(process.env, env, { HOME: STORE, VOICE_PRINTS_HOME: STORE });
const { bin } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
process.argv = [process.argv[0], 'voice-prints', ...args];
await import(pathToFileURL(join(PACKAGE, bin['voice-prints'])).href);
