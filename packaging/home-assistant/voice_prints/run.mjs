// Starts `voice-prints serve` as an app of Home Assistant.
import { lchownSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { serveOptions, WYOMING_PORT } from './serveOptions.mjs';

const STORE = '/data/voice-prints';
const ACCOUNT = 10001;
const PACKAGE = '/opt/voice-prints/node_modules/@voice-prints/node-red';

/** Gives a folder and all in it to the account: a restored backup may belong to root. */
function give(path) {
  const entry = lstatSync(path);
  if (entry.isDirectory()) for (const name of readdirSync(path)) give(join(path, name));
  if (entry.uid !== ACCOUNT || entry.gid !== ACCOUNT) lchownSync(path, ACCOUNT, ACCOUNT);
}

/** The broker that the Supervisor knows; undefined where there is none. */
async function brokerOfSupervisor() {
  const { SUPERVISOR_TOKEN: token } = process.env;
  if (!token) return undefined;
  try {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch('http://supervisor/services/mqtt', { headers, signal: AbortSignal.timeout(10_000) });
    if (response.ok) return (await response.json()).data;
    console.error(
      `no MQTT: the Supervisor answered ${response.status}; install the Mosquitto broker and start this app again`,
    );
  } catch (error) {
    console.error(`no MQTT: the Supervisor cannot be asked (${error.cause?.code ?? error.name})`);
  }
  return undefined;
}

/** Tells Home Assistant of the Wyoming server; it is asked to add it. */
async function announceToSupervisor() {
  const { SUPERVISOR_TOKEN: token } = process.env;
  if (!token) return;
  try {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ service: 'wyoming', config: { uri: `tcp://${hostname()}:${WYOMING_PORT}` } });
    const request = { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) };
    const response = await fetch('http://supervisor/discovery', request);
    if (!response.ok) console.error(`Home Assistant was not told of the voice assistant: answer ${response.status}`);
  } catch (error) {
    console.error(`Home Assistant was not told of the voice assistant (${error.cause?.code ?? error.name})`);
  }
}

const options = JSON.parse(readFileSync('/data/options.json', 'utf8'));
const broker = options.mqtt ? await brokerOfSupervisor() : undefined;
const { args, env } = serveOptions(options, broker);
if (options.speech_to_text) await announceToSupervisor();
mkdirSync(STORE, { recursive: true, mode: 0o700 });
give(STORE);
process.setgroups([]);
process.setgid(ACCOUNT);
process.setuid(ACCOUNT);
process.chdir(STORE);

delete process.env.SUPERVISOR_TOKEN; // not needed any more
Object.assign(process.env, env, { HOME: STORE, VOICE_PRINTS_HOME: STORE });
const { bin } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
process.argv = [process.argv[0], 'voice-prints', ...args];
await import(pathToFileURL(join(PACKAGE, bin['voice-prints'])).href);
