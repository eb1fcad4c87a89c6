import type pg from 'pg';
import { VoicePrintsError } from '../core/errors.js';
import { guarded } from '../core/guarded.js';
import type { Database } from './database.js';
import { databaseError } from './databaseError.js';

export interface OwnConnectionOptions {
  /** How long a statement, or connecting, may take: a server that is cut off gives no answer at all. */
  readonly timeoutMs: number;
  /** Listened to, where it is given. */
  readonly channel?: string;
  readonly onNotice?: () => void;
}

/**
 * One connection for statements that must not wait for others: opened with the first one, and anew after a failure. Statements are
 * transactions of their own, and see no rows of tenants.
 */
export class OwnConnection implements AsyncDisposable {
  readonly #database: Database;
  readonly #options: OwnConnectionOptions;
  #opening: Promise<pg.Client> | undefined;
  #isClosed = false;

  constructor(database: Database, options: OwnConnectionOptions) {
    this.#database = database;
    this.#options = options;
  }

  /** Throws REGISTRY_UNAVAILABLE; whether the statement was carried out is then not known. */
  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    if (this.#isClosed) throw new VoicePrintsError('REGISTRY_UNAVAILABLE', 'the connection was closed; open it again');
    this.#opening ??= this.#open();
    const opening = this.#opening;
    let late: NodeJS.Timeout | undefined;
    try {
      const timeout = new Promise<never>((_, reject) => {
        late = setTimeout(() => reject(unanswered()), this.#options.timeoutMs);
      });
      const answer = opening.then((client) => client.query<Row>(text, values as unknown[]));
      return (await Promise.race([answer, timeout])).rows;
    } catch (error) {
      this.#drop(opening);
      throw databaseError(error);
    } finally {
      clearTimeout(late);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const opening = this.#opening;
    this.#opening = undefined;
    await opening?.then((client) => client.end()).catch(() => undefined);
  }

  async #open(): Promise<pg.Client> {
    const client = await this.#database.connect();
    const { channel, onNotice } = this.#options;
    if (channel === undefined) return client;
    client.on(
      'notification',
      guarded(
        () => undefined,
        () => onNotice?.(),
      ),
    );
    await client.query(`LISTEN ${channel}`);
    return client;
  }

  /** Whatever else happens to that connection is of no interest. */
  #drop(opening: Promise<pg.Client>): void {
    if (this.#opening === opening) this.#opening = undefined;
    opening.then((client) => client.end()).catch(() => undefined);
  }
}

const unanswered = (): VoicePrintsError =>
  new VoicePrintsError(
    'REGISTRY_UNAVAILABLE',
    'the database does not answer: check that it runs and can be reached from here',
  );
