import { allowedHosts } from '../../core/allowedHosts.js';
import type { Engine, Jobs } from '../../index.js';
import { asVoicePrintsError, LOCAL_TENANT, VoicePrintsError } from '../../index.js';
import type { Command, OptionSpec, ParsedArguments, Terminal } from '../command.js';
import { askServer } from '../options/askServer.js';
import { openEngine } from '../options/openEngine.js';
import { textOption, usageError } from '../options/parseCommandLine.js';
import { errorAnswer, printResult, table } from '../output/output.js';

const MOST_LISTED = 200;

const options: Readonly<Record<string, OptionSpec>> = {
  server: {
    value: 'URL',
    about: 'Ask a running server, with the key in VOICE_PRINTS_API_KEY; default: open the store',
  },
  tenant: { value: 'NAME', about: 'Owner of the webhooks, without --server (default local)' },
};

const notes = `A running server holds the webhooks of its store: name it with --server http://127.0.0.1:8080. Without --server
the store is opened, nothing is sent, and the next server sends what was marked.`;

/** One undelivered webhook, as REST and `--json` show it. */
interface ShownLetter {
  readonly webhookId: string;
  readonly requestId: string;
  readonly address: string;
  readonly tries: number;
  readonly endedAt: string | null;
  readonly lastFailure: { readonly httpStatus: number | null; readonly code: string | null } | null;
}

/** Opens the jobs of the store while no server holds them, without processing any. */
async function withJobs<T>(args: ParsedArguments, terminal: Terminal, work: (jobs: Jobs) => Promise<T>): Promise<T> {
  const { AsyncJobs } = await import('../../api/asyncJobs.js');
  await using engine: Engine = await openEngine(args, terminal);
  const { VOICE_PRINTS_KEY: encryptionKey } = terminal.env;
  await using jobs = new AsyncJobs({ engine, encryptionKey, allowHosts: allowedHosts(terminal.env), works: false });
  const opened = await jobs.open().catch((error: unknown) => {
    if (!(error instanceof VoicePrintsError) || error.code !== 'JOBS_LOCKED') throw error;
    throw new VoicePrintsError(error.code, 'a running server has the webhooks of this store; name it with --server');
  });
  return await work(opened); // awaited here: the jobs are closed when this function returns
}

const tenantOf = (args: ParsedArguments): string => textOption(args, 'tenant') ?? LOCAL_TENANT;

/** `--server`, without a trailing slash. Throws USAGE together with `--tenant`: the server derives the tenant from the key. */
function serverOf(args: ParsedArguments): string | undefined {
  const server = textOption(args, 'server');
  if (server === undefined) return undefined;
  if (textOption(args, 'tenant') !== undefined)
    throw usageError('--tenant is for use without --server; the key decides the tenant');
  return server.replace(/\/+$/, '');
}

const list: Command = {
  name: 'webhooks list',
  summary: 'List undelivered webhooks, newest first',
  operands: '',
  arity: [0, 0],
  options,
  example:
    'voice-prints webhooks list\nVOICE_PRINTS_API_KEY=a-long-secret voice-prints webhooks list --server http://127.0.0.1:8080',
  notes,
  async run(args, terminal) {
    const server = serverOf(args);
    const { letters, waiting } =
      server === undefined
        ? await withJobs(args, terminal, (jobs) => lettersInStore(jobs, tenantOf(args)))
        : await lettersAtServer(terminal, server);
    const rows = letters.map((one) => [one.webhookId, one.requestId, one.address, String(one.tries), whyOf(one)]);
    const list = letters.length === 0 ? NONE_DEAD : table([['ID', 'JOB', 'TO', 'TRIES', 'LAST'], ...rows]);
    const text = waiting === 0 ? list : `${list}\n${waiting} more ${waiting === 1 ? 'is' : 'are'} still being sent.`;
    printResult(args, terminal, letters, text);
  },
};

const NONE_DEAD = 'There is no undelivered webhook.';

interface Undelivered {
  readonly letters: readonly ShownLetter[];
  /** Webhooks of the newest jobs, which are repeated until the receiver answers 2xx. */
  readonly waiting: number;
}

interface WithWebhook {
  readonly webhook?: { readonly status: string } | null;
}
const waitingAmong = (jobs: readonly WithWebhook[]): number =>
  jobs.filter(({ webhook }) => webhook?.status === 'waiting').length;

async function lettersInStore(jobs: Jobs, tenantId: string): Promise<Undelivered> {
  const { deadLetterAnswer } = await import('../../api/v1/jobRoutes.js');
  const dead = await jobs.deadLetters(MOST_LISTED, tenantId);
  const newest = await jobs.list({ limit: MOST_LISTED }, tenantId);
  return { letters: dead.map(deadLetterAnswer), waiting: waitingAmong(newest.jobs) };
}

async function lettersAtServer(terminal: Terminal, server: string): Promise<Undelivered> {
  const ask = (path: string) => askServer(terminal, server, `${path}?limit=${MOST_LISTED}`);
  const { deadLetters } = (await ask('/v1/webhooks/dead-letters')) as { deadLetters: readonly ShownLetter[] };
  const { jobs } = (await ask('/v1/jobs')) as { jobs: readonly WithWebhook[] };
  return { letters: deadLetters, waiting: waitingAmong(jobs) };
}

const whyOf = ({ lastFailure }: ShownLetter): string =>
  lastFailure === null ? '' : (lastFailure.code ?? `status ${lastFailure.httpStatus}`);

const resend: Command = {
  name: 'webhooks resend',
  summary: 'Send undelivered webhooks again, with the same webhook-id',
  operands: 'ID…|all',
  arity: [1, MOST_LISTED],
  options,
  example: 'voice-prints webhooks resend msg_Zm9v\nvoice-prints webhooks resend all --server http://127.0.0.1:8080',
  notes,
  async run(args, terminal) {
    const server = serverOf(args);
    const { resent, failed } =
      server === undefined
        ? await withJobs(args, terminal, (jobs) => resendInStore(jobs, args.positionals, tenantOf(args)))
        : await resendAtServer(terminal, server, args.positionals);
    if (resent.length === 0 && failed.length === 1) throw failed[0]!.error;
    const partly = failed.length > 0 ? notAll(failed, resent.length + failed.length) : undefined;
    const answer = { resent, ...(partly && errorAnswer(partly)) };
    printResult(args, terminal, answer, `${resent.length} webhook(s) will be sent again.`);
    return partly;
  },
};

interface Resent {
  readonly resent: readonly string[];
  readonly failed: readonly { readonly id: string; readonly error: VoicePrintsError }[];
}

/** Attempts each of them, even if others fail. */
async function resendEach(ids: readonly string[], resendOne: (id: string) => Promise<unknown>): Promise<Resent> {
  const resent: string[] = [];
  const failed: { id: string; error: VoicePrintsError }[] = [];
  for (const id of ids) {
    try {
      await resendOne(id);
      resent.push(id);
    } catch (thrown) {
      failed.push({ id, error: asVoicePrintsError(thrown) });
    }
  }
  return { resent, failed };
}

function notAll(failed: Resent['failed'], requested: number): VoicePrintsError {
  const each = failed.map(({ id, error }) => `${id}: ${error.message} (${error.code})`).join('; ');
  const message = `${failed.length} of ${requested} webhooks are not sent again; ${each}`;
  return new VoicePrintsError(failed[0]!.error.code, message, {
    details: { webhookIds: failed.map(({ id }) => id).join(',') },
  });
}

async function resendInStore(jobs: Jobs, requested: readonly string[], tenantId: string): Promise<Resent> {
  const letters = requested[0] === 'all' ? await jobs.deadLetters(MOST_LISTED, tenantId) : [];
  const ids = requested[0] === 'all' ? letters.map(({ webhookId }) => webhookId) : requested;
  return resendEach(ids, (id) => jobs.resend(id, tenantId));
}

async function resendAtServer(terminal: Terminal, server: string, requested: readonly string[]): Promise<Resent> {
  const path = '/v1/webhooks/dead-letters';
  let ids = requested;
  if (requested[0] === 'all') {
    const answer = (await askServer(terminal, server, `${path}?limit=${MOST_LISTED}`)) as {
      deadLetters: readonly ShownLetter[];
    };
    ids = answer.deadLetters.map(({ webhookId }) => webhookId);
  }
  return resendEach(ids, (id) => askServer(terminal, server, `${path}/${encodeURIComponent(id)}/resend`, 'POST'));
}

const secret: Command = {
  name: 'webhooks secret',
  summary: 'Create or replace the secret that signs webhooks; shown once',
  operands: '',
  arity: [0, 0],
  options,
  example: 'voice-prints webhooks secret',
  notes: `Signatures follow Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature): receivers check them with a
library of https://www.standardwebhooks.com. The previous secret signs too for 24 hours. Without a secret webhooks
carry no signature.
${notes}`,
  async run(args, terminal) {
    const server = serverOf(args);
    const made =
      server === undefined
        ? { secret: await withJobs(args, terminal, (jobs) => jobs.rotateSecret(tenantOf(args))) }
        : ((await askServer(terminal, server, '/v1/webhooks/secret', 'POST')) as { secret: string });
    printResult(args, terminal, made, made.secret);
  },
};

/** The `webhooks` commands. */
export const webhooksCommands: readonly Command[] = [list, resend, secret];
