// Attacks that any caller could make, against the running program: it must go on, and answer its honest users meanwhile.
//   npm run soak -- hostile                   all of scripts/soak/hostile/attacks/
//   npm run soak -- hostile --only=http,grpc  the attacks of these files
//   npm run soak -- hostile --patience=30     an honest user may wait 30 s instead of 10: for a machine that is busy
//
// To add attacks, put a file into that folder. It exports
//   open(folder)  starts what is attacked (see ../program.mjs for programs of ours); resolves to { program, check, close, … }:
//                 `check()` does what an honest user does and throws where it is not served; it runs during every attack too
//   attacks       { 'what is done': async (target, signal) => …, … } in order; an attack throws where an answer was wrong. The
//                 target's process must be alive afterwards, with about as much memory and as many descriptors as before.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const folder = fileURLToPath(new URL('./hostile/attacks/', import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => basename(file, '.mjs'));
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: names.join(',') },
    patience: { type: 'string', default: '10' },
  },
});
const chosen = values.only.split(',');
for (const name of chosen) {
  if (!names.includes(name)) throw new Error(`there are no attacks ${name}; there are ${names.join(', ')}`);
}

/** An attack may take this long; an honest user may wait this long. */
const ATTACK_MS = 180_000;
const PATIENCE_MS = 1_000 * Number(values.patience);
/** What may be left afterwards: a runtime gives back when it likes what bodies may hold (512 MiB), and libraries keep pools. */
const MOST_GROWTH_MIB = 768;
const MOST_DESCRIPTORS_LEFT = 20;
/** How long connections that were cut may take to be noticed as such. */
const SETTLE_MS = 30_000;

/** Does what an honest user does, over and over, until stopped; answers the slowest time. */
function watchHonest(check, signal) {
  let slowestMs = 0;
  const done = (async () => {
    while (!signal.aborted) {
      const startedMs = performance.now();
      await within(check(), PATIENCE_MS, 'an honest user was not answered in time');
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      await sleep(50);
    }
  })();
  return { done, slowestMs: () => Math.round(slowestMs) };
}

async function within(work, ms, complaint) {
  const timer = new AbortController();
  const late = sleep(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${complaint} (${ms / 1_000} s)`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

/** Waits until connections that were cut are noticed: descriptors as before, but for a few. */
async function settled(program, before) {
  for (const deadline = performance.now() + SETTLE_MS; performance.now() < deadline; await sleep(200)) {
    if (program.footprint().descriptors <= before.descriptors + MOST_DESCRIPTORS_LEFT) break;
  }
  return program.footprint();
}

/** Why an attack got through; undefined where it was fended off. */
async function attack(target, run) {
  const { program } = target;
  await within(target.check(), ATTACK_MS, 'an honest user alone was not answered'); // networks are loaded with the first call
  const before = program.footprint();
  const [honest, attacking] = [new AbortController(), new AbortController()];
  const watched = watchHonest(target.check, honest.signal);
  try {
    await within(Promise.race([run(target, attacking.signal), program.died, watched.done]), ATTACK_MS, 'did not end');
    attacking.abort();
    honest.abort();
    await watched.done;
    await within(target.check(), PATIENCE_MS, 'afterwards an honest user was not answered in time');
    const after = await settled(program, before);
    const growthMib = Math.round(after.rssMib - before.rssMib);
    if (growthMib > MOST_GROWTH_MIB) throw new Error(`${growthMib} MiB more memory afterwards`);
    const left = after.descriptors - before.descriptors;
    if (left > MOST_DESCRIPTORS_LEFT) throw new Error(`${left} descriptors left open`);
    return { notes: `slowest honest answer ${watched.slowestMs()} ms, ${growthMib} MiB, ${left} descriptors` };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  } finally {
    attacking.abort();
    honest.abort();
    await watched.done.catch(() => undefined);
  }
}

let failures = 0;
for (const name of chosen) {
  const { open, attacks } = await import(`./hostile/attacks/${name}.mjs`);
  for (const [what, run] of Object.entries(attacks)) {
    const scratch = mkdtempSync(join(tmpdir(), 'voice-prints-hostile-'));
    const target = await open(scratch);
    const { failure, notes } = await attack(target, run);
    if (failure !== undefined) failures += 1;
    console.log(`${name}: ${what}: ${failure === undefined ? `held (${notes})` : `FAILED: ${failure}`}`);
    if (failure !== undefined) console.log(target.program.lastWords());
    await target.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}
process.exitCode = failures > 0 ? 1 : 0;
