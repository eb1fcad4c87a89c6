import type pg from 'pg';
import { guarded } from '../../core/guarded.js';
import type { Database } from '../../database/database.js';
import { ALL_TENANTS, type Sql } from '../../database/sql.js';
import { CAN_BE_TOLD, LEAVE } from './jobWorkers.js';
import { CHANNEL, MESSAGES_DUE, WORK } from './queueParts.js';

export interface JobNoticesOptions {
  readonly database: Database;
  /** This process. */
  readonly holderId: string;
  /** There may be a job to look for. */
  readonly onWork: () => void;
  /** There may be a message to send. */
  readonly onMessages: () => void;
  /** The body of a message has changed; this process may be sending it. */
  readonly onRevised: (webhookId: string) => void;
  /** Another process has settled a job. */
  readonly onSettled: (jobId: string) => void;
  /** Called every two seconds while the server answers; says what there is to look for. */
  readonly onTick: () => Promise<{ readonly isWork: boolean; readonly hasMessages: boolean }>;
  readonly onFault: (error: unknown) => void;
}

const REVISED = 'revised';
const SETTLED = 'settled';
const TICK_MS = 2_000;
/** Ticks after which work is looked for although no notice came: one may have been missed. */
const TICKS_BETWEEN_LOOKS = 5;

/** Hears of jobs from other processes. A lost connection is made anew; what was missed meanwhile is found by looking. */
export class JobNotices implements AsyncDisposable {
  readonly #options: JobNoticesOptions;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> = Promise.resolve();
  #ticks = 0;
  #isClosed = false;

  constructor(options: JobNoticesOptions) {
    this.#options = options;
  }

  /** Throws REGISTRY_UNAVAILABLE. */
  async start(): Promise<void> {
    await this.#listen();
    this.#plan();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#ticking;
    const client = this.#client;
    await client?.query(LEAVE, [this.#options.holderId]).catch(() => undefined); // forgotten after some seconds otherwise
    await client?.end().catch(() => undefined);
  }

  #plan(): void {
    if (this.#isClosed) return;
    const tick = async () => {
      this.#ticking = this.#tick();
      await this.#ticking;
      this.#plan();
    };
    this.#timer = setTimeout(
      guarded(() => this.#plan(), tick),
      TICK_MS,
    ).unref();
  }

  async #tick(): Promise<void> {
    const { onTick, onWork, onMessages, onFault } = this.#options;
    try {
      if (this.#client === undefined) {
        await this.#listen();
        onWork();
        onMessages();
      }
      const { isWork, hasMessages } = await onTick();
      this.#ticks += 1;
      const looksAnyway = this.#ticks % TICKS_BETWEEN_LOOKS === 0;
      if (isWork || looksAnyway) onWork();
      if (hasMessages || looksAnyway) onMessages();
    } catch (error) {
      if (!this.#isClosed) onFault(error);
    }
  }

  async #listen(): Promise<void> {
    const { database, holderId, onWork, onMessages, onRevised, onSettled } = this.#options;
    const client = await database.connect();
    const isLost = () => {
      if (this.#client === client) this.#client = undefined;
    };
    client.on('error', isLost);
    client.on('end', isLost);
    client.on(
      'notification',
      guarded(isLost, ({ payload = '' }: pg.Notification) => {
        const [what, name = '', jobId = ''] = payload.split(' ');
        if (what === WORK && (name === '' || name === holderId)) onWork();
        else if (what === MESSAGES_DUE) onMessages();
        else if (what === REVISED) onRevised(name);
        else if (what === SETTLED && name !== holderId) onSettled(jobId);
      }),
    );
    this.#client = client;
    try {
      await client.query(`LISTEN ${CHANNEL}`);
      await client.query(CAN_BE_TOLD, [holderId]);
    } catch (error) {
      isLost();
      await client.end().catch(() => undefined);
      throw error;
    }
  }
}

/** Tells the process that sends the message to begin again. */
export async function notifyOfRevision(database: Database, webhookId: string): Promise<void> {
  await database.query(ALL_TENANTS, 'SELECT pg_notify($1, $2)', [CHANNEL, `${REVISED} ${webhookId}`]);
}

/** Tells the other processes, once the transaction is committed, that a job is over. */
export async function notifyOfEnd(sql: Sql, holderId: string, jobId: string): Promise<void> {
  await sql('SELECT pg_notify($1, $2)', [CHANNEL, `${SETTLED} ${holderId} ${jobId}`]);
}
