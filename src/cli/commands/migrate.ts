import { present } from '../../core/present.js';
import { VoicePrintsError } from '../../index.js';
import type { Command } from '../command.js';
import { hasFlag, textOption, usageError } from '../options/parseCommandLine.js';
import { storePlace } from '../options/storePlace.js';
import { errorAnswer, printResult } from '../output/output.js';

export const migrate: Command = {
  name: 'migrate',
  summary: 'Bring the tables of the database up to date',
  operands: '',
  arity: [0, 0],
  options: {
    check: { about: 'Only say what is missing; exit code 1 where something is' },
    encrypt: { about: 'Encrypt voiceprints that are there with VOICE_PRINTS_KEY; every process needs it from then on' },
    grant: { value: 'ROLE', about: 'Allow this role, which owns nothing, all that serve and the other commands need' },
  },
  example: `VOICE_PRINTS_DATABASE_URL=postgres://owner:…@db/voices voice-prints migrate --grant voice_prints_run
voice-prints migrate --check`,
  notes: `For the database of VOICE_PRINTS_DATABASE_URL, as the owner of its tables. Any number of processes may do it at once. Every process does it by
itself when it starts, unless VOICE_PRINTS_MIGRATE=off is set: then tables that are out of date are an error.`,
  async run(args, terminal) {
    const { databaseUrl } = storePlace(args, terminal.env);
    const [isCheck, role] = [hasFlag(args, 'check'), textOption(args, 'grant')];
    const key = hasFlag(args, 'encrypt') ? (terminal.env.VOICE_PRINTS_KEY ?? '') : undefined;
    if (isCheck && (role ?? key) !== undefined)
      throw usageError('--check changes nothing; leave out --grant and --encrypt, or --check');
    if (key !== undefined && key.length < 8) throw usageError('--encrypt needs VOICE_PRINTS_KEY, 8 characters or more');
    if (databaseUrl === undefined) throw noDatabase();
    const { Database } = await import('../../database/database.js');
    const { migrate: apply, missingMigrations, outdated } = await import('../../database/migrate.js');
    const { DatabaseSealing } = await import('../../database/databaseSealing.js');
    const { grantUse } = await import('../../database/grantUse.js');
    await using database = await Database.open(databaseUrl, { tables: 'leave' });
    const steps = isCheck ? await missingMigrations(database) : await apply(database);
    if (role !== undefined) await grantUse(database, role);
    if (key !== undefined) await DatabaseSealing.encrypt(database, key);
    const problem = isCheck ? outdated(steps) : undefined;
    const what = isCheck ? 'missing' : 'applied';
    const answer = {
      [what]: steps.map(({ version, name }) => ({ version, name })),
      ...present({ granted: role, encrypted: key === undefined ? undefined : true }),
      ...(problem ? errorAnswer(problem) : {}),
    };
    const lines = steps.map(({ version, name }) => `${what} ${version}: ${name}`);
    if (lines.length === 0) lines.push('The tables are up to date.');
    if (role !== undefined) lines.push(`granted to ${role}`);
    if (key !== undefined) lines.push('The voiceprints are encrypted.');
    printResult(args, terminal, answer, lines.join('\n'));
    return problem;
  },
};

const noDatabase = (): VoicePrintsError =>
  new VoicePrintsError(
    'CONFIG_INVALID',
    'there is no database to migrate; set VOICE_PRINTS_DATABASE_URL to postgres://user:password@host:port/database',
  );
