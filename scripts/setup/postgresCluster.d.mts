/** A PostgreSQL server of its own, which runs. */
export interface Cluster {
  /** `postgres://postgres@127.0.0.1:PORT/postgres`, the same after every start. */
  readonly url: string;
  /** The folder of its programs, `pg_dump` among them. */
  readonly programs: string;
  /** Starts it after `stop` or `kill`; returns once it answers. */
  start(): Promise<void>;
  /** Shuts it down in order; connections are ended. */
  stop(): Promise<void>;
  /** Ends its processes without any warning. What was committed is there after `start`. */
  kill(): Promise<void>;
  /** Ends it and deletes its files. */
  end(): Promise<void>;
}
/** The folder of the newest server programs on this machine; undefined where there are none. */
export function serverPrograms(): string | undefined;
/** Makes and starts a server with an empty database `postgres` and the superuser `postgres`, who needs no password. */
export function startCluster(): Promise<Cluster>;
