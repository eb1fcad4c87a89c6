import { expect, test } from 'vitest';
import { ServerLog } from '../../../src/api/serverLog.js';
import { databaseError } from '../../../src/database/databaseError.js';
import { databaseRelay } from '../../support/databaseRelay.js';
import { freshDatabase, whyNoPostgres } from '../../support/postgres.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { until } from '../../support/until.js';
import { ended, started } from '../program.js';

test.skipIf(whyNoPostgres)(
  'jobs whose database is away are logged as lines of JSON, with the code of the system',
  async () => {
    await using database = await freshDatabase();
    await using relay = await databaseRelay(database.url);
    const env = { VOICE_PRINTS_DATABASE_URL: relay.url, VOICE_PRINTS_HOME: await temporaryFolder() };
    const child = started(['serve', '--roles', 'worker', '--port', '0', '--grpc-port', 'off', '--quiet'], env);
    const whole = ended(child);
    let isServing = false;
    let log = '';
    child.stdout!.on('data', () => {
      isServing = true;
    });
    child.stderr!.on('data', (text: string) => {
      log += text;
    });
    await until(() => isServing);
    relay.close();
    // Where a connection broke under a question there is no such code yet: the next one is refused.
    await until(() => /"systemCode":"E[A-Z]+"[^\n]*a job or a webhook could not be handled/.test(log));
    child.kill('SIGKILL');
    const lines = (await whole).stderr.trim().split('\n');
    const parsed = lines.map((line) => JSON.parse(line));
    const ofJobs = parsed.filter(({ msg }) => msg.startsWith('a job or a webhook'));
    for (const line of ofJobs) expect(line).toMatchObject({ level: 50, code: 'REGISTRY_UNAVAILABLE' });
  },
);

test('a failure of the database is logged with its SQLSTATE, by which operators find what to do', () => {
  const lines: string[] = [];
  const log = new ServerLog('error', { write: (line) => lines.push(line) });
  const error = databaseError(Object.assign(new Error('could not extend file'), { code: '53100' }));
  log.failure({ requestId: 'r1', code: error.code, error });
  expect(JSON.parse(lines[0]!)).toMatchObject({ code: 'REGISTRY_UNAVAILABLE', systemCode: '53100' });
});
