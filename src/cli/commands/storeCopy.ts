import { resolve } from 'node:path';
import { copyRing } from '../../api/access/copyRing.js';
import { copyStore } from '../../engine/copy/copyStore.js';
import type { StorePlace } from '../../index.js';
import type { Command, Terminal } from '../command.js';
import { hasFlag, usageError } from '../options/parseCommandLine.js';
import { printResult, table } from '../output/output.js';
import { ProgressBar } from '../output/progressBar.js';

const DATABASE = 'database';

export const storeCopy: Command = {
  name: 'store copy',
  summary: 'Copy a store from a folder to a database, or back',
  operands: 'FROM TO',
  arity: [2, 2],
  options: { replace: { about: 'Replace people, unknown voices, calibrations and limits of TO that differ' } },
  example: `voice-prints store copy ~/.local/share/voice-prints database
voice-prints store copy database /backup/voice-prints --json`,
  notes: `FROM and TO are a folder, or "${DATABASE}": that of VOICE_PRINTS_DATABASE_URL. Copied are voiceprints with their kept speech, unknown voices that
are kept for days, the audit log, calibrations of your own, API keys and limits; jobs, webhook secrets and models are not. FROM stays as it is.
TO is encrypted where VOICE_PRINTS_KEY is set; FROM may be, with the same key.
Where a person is in TO already, and differs, nothing is copied, unless --replace. A copy that was interrupted is continued by
running it again. Stop the processes that use FROM first: what they change meanwhile may not be copied.`,
  async run(args, terminal) {
    const [from, to] = args.positionals.map((given) => placeOf(given, terminal.env)) as [StorePlace, StorePlace];
    const isReplacing = hasFlag(args, 'replace');
    using bar = new ProgressBar(args, terminal);
    const copied = await copyStore({
      from,
      to,
      encryptionKey: terminal.env.VOICE_PRINTS_KEY || undefined,
      isReplacing,
      signal: terminal.signal,
      onProgress: (what, done, total) => bar.count(what, done, total),
    });
    const ring = await copyRing(from, to, isReplacing);
    bar[Symbol.dispose]();
    const row = (what: string, { copied: now, there }: { copied: number; there: number }) => [
      what,
      `${now}`,
      `${there}`,
    ];
    const text = table([
      ['', 'COPIED', 'THERE'],
      row('people', copied.people),
      row('kept speech', copied.speech),
      row('unknown voices', copied.unknownVoices),
      row('calibrations', copied.calibrations),
      row('audit log', copied.auditEntries),
      ['keys', `${ring.keys}`, ''],
      ['limits', `${ring.limits}`, ''],
    ]);
    printResult(args, terminal, { ...copied, ...ring }, text);
  },
};

/** Never an address: it has a password, which others see in the list of processes. */
function placeOf(given: string, env: Terminal['env']): StorePlace {
  if (/^postgres(ql)?:/.test(given))
    throw usageError(`write "${DATABASE}", and the address in VOICE_PRINTS_DATABASE_URL: others see what is typed`);
  if (given !== DATABASE) return { storeDirectory: resolve(given) };
  const databaseUrl = env.VOICE_PRINTS_DATABASE_URL;
  if (!databaseUrl) throw usageError(`"${DATABASE}" is that of VOICE_PRINTS_DATABASE_URL, which is not set`);
  return { storeDirectory: '', databaseUrl };
}
