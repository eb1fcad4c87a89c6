// `npm start`: from a fresh checkout to named voices and a running editor. Plain Node.js until the packages are there.
// --once (or VOICE_PRINTS_DEMO_ONCE=1): does everything, checks that the editor and the flow run, and ends.
// VOICE_PRINTS_DEMO_DIR: another folder than .demo.
import { spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ensureDebianPackages, FOR_DEMO } from './setup/debianPackages.mjs';
import { ensureBuilt, ensureNodePackages } from './setup/nodePackages.mjs';
import { assertNodeVersion, root, SetupProblem, say } from './setup/root.mjs';

const isOnce = process.argv.includes('--once') || Boolean(process.env.VOICE_PRINTS_DEMO_ONCE);
const demoDir = resolve(process.env.VOICE_PRINTS_DEMO_DIR || join(root, '.demo'));
const shown = (path) => relative(process.cwd(), path);
const audioDir = join(demoDir, 'audio');
const demoStore = join(demoDir, 'store');
/** What the demo flow's debug node is called: its line in the log shows that the flow ran. */
const FLOW_RESULT = '[debug:Who speaks]';
const FLOW_TIMEOUT_MS = 120_000;

/** Runs our command line; answers what it printed, or with `isShown` lets it print. */
function voicePrints(args, { isShown = false } = {}) {
  const env = { ...process.env, VOICE_PRINTS_HOME: demoStore, VOICE_PRINTS_KEY: '' };
  const program = [join(root, 'dist/src/cli/main.js'), ...args];
  const stdio = ['ignore', isShown ? 'inherit' : 'pipe', 'inherit'];
  const { status, stdout } = spawnSync(process.execPath, program, { cwd: root, env, stdio, encoding: 'utf8' });
  if (status !== 0) throw new SetupProblem(`voice-prints ${args[0]} failed; see above`);
  return stdout;
}

async function ensureAudio() {
  if (existsSync(join(audioDir, 'conversation.rttm'))) return; // written last
  say('making the demo recordings with speech synthesizers');
  const { makeDemoAudio } = await import('./demo/makeAudio.mjs');
  makeDemoAudio(audioDir);
}

async function enrolPeople() {
  const { people } = await import('./demo/scene.mjs');
  const enrolled = JSON.parse(voicePrints(['speakers', 'list', '--json']));
  for (const { id, name, samples } of people) {
    const known = enrolled.find((speaker) => speaker.speakerId === id);
    if (known?.isComplete && !known.isStale) continue;
    if (known) voicePrints(['speakers', 'delete', id]); // half done, or made with an older model
    const files = samples.map((_, index) => join(audioDir, `${id}-${index + 1}.wav`));
    const consent = 'a synthetic voice needs none';
    const printed = voicePrints(['enroll', id, ...files, '--name', name, '--consent', consent, '--json']);
    const { status, speechSeconds } = JSON.parse(printed);
    say(`enrolled ${name}: ${status}, ${speechSeconds.toFixed(1)} s of speech`);
  }
}

function identifyConversation() {
  const drawing = join(demoDir, 'conversation.svg');
  say('who speaks in the demo conversation (nobody has enrolled the visitor):');
  voicePrints(['identify', join(audioDir, 'conversation.wav'), '--svg', drawing], { isShown: true });
  say(`drawn in ${shown(drawing)}`);
}

async function runNodeRed() {
  const { assertEditorRuns, freePort, startNodeRed } = await import('./demo/nodeRed.mjs');
  const port = await freePort();
  if (port !== 1880) say(`port 1880 is taken; using ${port}`);
  mkdirSync(join(demoDir, 'node-red'), { recursive: true });
  const logFile = join(demoDir, 'node-red/node-red.log');
  const log = createWriteStream(logFile);
  const onLine = (line) => {
    log.write(`${line}\n`);
    if (/\[error\]|\[warn\] \[/.test(line)) console.log(line); // of nodes, not advice on settings
  };
  const nodeRed = startNodeRed({ demoDir, port, onLine });
  const stop = () => nodeRed.stop();
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop);
  try {
    const hasRun = Promise.race([nodeRed.seen(FLOW_RESULT).then(() => true), nodeRed.ended.then(() => false)]);
    const types = await assertEditorRuns(nodeRed);
    say(`Node-RED runs with ${types.join(', ')}`);
    const timeout = new Promise((resolve) => setTimeout(resolve, FLOW_TIMEOUT_MS, false).unref());
    if (!(await Promise.race([hasRun, timeout]))) {
      throw new SetupProblem('the demo flow gave no answer; see the log');
    }
    say("the demo flow has named the same conversation; its answer is in the editor's debug sidebar");
    say(`open ${nodeRed.url}  (Ctrl-C ends it)`);
    if (isOnce) nodeRed.stop();
  } catch (error) {
    nodeRed.stop();
    say(`log of Node-RED: ${shown(logFile)}`);
    throw error;
  } finally {
    await nodeRed.ended;
    log.end();
  }
}

async function main() {
  assertNodeVersion();
  ensureDebianPackages(FOR_DEMO);
  ensureNodePackages();
  ensureBuilt();
  await ensureAudio();
  await enrolPeople();
  identifyConversation();
  await runNodeRed();
}

main().catch((error) => {
  console.error(error instanceof SetupProblem ? `voice-prints: ${error.message}` : error);
  process.exitCode = 1;
});
