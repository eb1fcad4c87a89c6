import { type Cluster, serverPrograms, startCluster } from '../../scripts/setup/postgresCluster.mjs';

/** Why tests that need a server of their own are skipped; undefined where its programs are installed. */
export const whyNoOwnCluster: string | undefined = serverPrograms()
  ? undefined
  : 'no programs of a PostgreSQL server are installed';

if (whyNoOwnCluster) console.warn(`skipped: ${whyNoOwnCluster}`);

export interface OwnCluster extends Omit<Cluster, 'end'>, AsyncDisposable {
  /** Stops and starts it: connections are ended in between. */
  restart(): Promise<void>;
}

/** A PostgreSQL server of a test's own, which it may stop and kill. Disposing ends it and deletes its files. */
export async function ownCluster(): Promise<OwnCluster> {
  const { end, ...cluster } = await startCluster();
  return {
    ...cluster,
    restart: async () => {
      await cluster.stop();
      await cluster.start();
    },
    [Symbol.asyncDispose]: end,
  };
}
