// An engine over a database that is asked nothing after its first list: says, a line each, what it takes into its memory and out of it.
// DATABASE_URL FOLDER
import { createEngine } from '../../dist/src/index.js';
import { PostgresRegistry } from '../../dist/src/registry/postgres/postgresRegistry.js';

const [, , databaseUrl, storeDirectory] = process.argv;
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const { follow } = PostgresRegistry.prototype;
PostgresRegistry.prototype.follow = function followed(tenantId) {
  const follower = follow.call(this, tenantId);
  return {
    async *changes() {
      for await (const part of follower.changes()) {
        yield part;
        say({ put: part.put.map(({ id, name }) => `${id} ${name}`), gone: part.gone });
      }
    },
  };
};
const engine = await createEngine({ storeDirectory, databaseUrl, workerThreads: 1 });
await engine.speakers().list();
say({ isReady: true });
process.stdin.resume().on('end', () => engine[Symbol.asyncDispose]());
