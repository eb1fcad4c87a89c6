import { SCOPES, type Scope } from '../../api/access/caller.js';
import { type KeyRecord, KeyRing } from '../../api/access/keyRing.js';
import type { TenantLimits } from '../../api/access/tenantGate.js';
import { present } from '../../core/present.js';
import { LOCAL_TENANT } from '../../index.js';
import type { Command, ParsedArguments, Terminal } from '../command.js';
import { listOption, numberOption, textOption, usageError } from '../options/parseCommandLine.js';
import { storePlace } from '../options/storePlace.js';
import { printResult, remark, table } from '../output/output.js';

const openRing = (args: ParsedArguments, terminal: Terminal): Promise<KeyRing> =>
  KeyRing.open(storePlace(args, terminal.env), { actor: 'command line' });

const keysTable = (records: readonly KeyRecord[]): string =>
  records.length === 0
    ? 'There is no API key yet; see voice-prints keys create --help'
    : table([
        ['ID', 'TENANT', 'SCOPES', 'LABEL', 'CREATED', 'ENDS'],
        ...records.map(({ keyId, tenantId, scopes, label, createdAt, endsAt }) => [
          keyId,
          tenantId,
          scopes.join(','),
          label,
          createdAt,
          endsAt ?? '',
        ]),
      ]);

function scopesOf(args: ParsedArguments): readonly Scope[] {
  const words = listOption(args, 'scopes') ?? SCOPES;
  const wrong = words.find((word) => !(SCOPES as readonly string[]).includes(word));
  if (wrong !== undefined) throw usageError(`--scopes ${wrong} is not known; use ${SCOPES.join(', ')}`);
  return words as readonly Scope[];
}

function printKey(args: ParsedArguments, terminal: Terminal, record: KeyRecord, key: string): void {
  printResult(args, terminal, { ...record, apiKey: key }, `${record.keyId}  ${key}`);
  remark(args, terminal, 'This API key is shown once: keep it.');
}

const create: Command = {
  name: 'keys create',
  summary: 'Make an API key for `serve` and Node-RED',
  operands: '[TENANT]',
  arity: [0, 1],
  options: {
    scopes: { value: 'A,B', about: 'Permissions: enrol, identify, admin (default: all)' },
    label: { value: 'TEXT', about: 'Purpose of the key' },
  },
  example: 'voice-prints keys create home --scopes identify --label "door station"',
  notes: `A tenant owns voiceprints; "${LOCAL_TENANT}" (the default) owns those of the command line and of flows.
The key is shown once; the store keeps its digest. Running servers and flows accept it within a second.`,
  async run(args, terminal) {
    await using ring = await openRing(args, terminal);
    const request = {
      tenantId: args.positionals[0] ?? LOCAL_TENANT,
      scopes: scopesOf(args),
      label: textOption(args, 'label'),
    };
    const { record, key } = await ring.create(request);
    printKey(args, terminal, record, key);
  },
};

const list: Command = {
  name: 'keys list',
  summary: 'List the API keys, without the keys themselves',
  operands: '',
  arity: [0, 0],
  options: {},
  example: 'voice-prints keys list --json',
  async run(args, terminal) {
    await using ring = await openRing(args, terminal);
    printResult(args, terminal, ring.list(), keysTable(ring.list()));
  },
};

const rotate: Command = {
  name: 'keys rotate',
  summary: 'Replace an API key',
  operands: 'KEY-ID',
  arity: [1, 1],
  options: { grace: { value: 'HOURS', about: 'Hours that the old key stays valid beside the new one (default 24)' } },
  example: 'voice-prints keys rotate key-1a2b3c4d --grace 1',
  async run(args, terminal) {
    const graceHours = numberOption(args, 'grace', { least: 0, most: 8_760 }) ?? 24;
    await using ring = await openRing(args, terminal);
    const { record, key } = await ring.rotate(args.positionals[0]!, graceHours * 3_600_000);
    printKey(args, terminal, record, key);
  },
};

const revoke: Command = {
  name: 'keys revoke',
  summary: 'Revoke an API key immediately',
  operands: 'KEY-ID',
  arity: [1, 1],
  options: {},
  example: 'voice-prints keys revoke key-1a2b3c4d',
  async run(args, terminal) {
    await using ring = await openRing(args, terminal);
    const record = await ring.revoke(args.positionals[0]!);
    printResult(args, terminal, record, `${record.keyId} is refused from now on.`);
  },
};

const limit: Command = {
  name: 'keys limit',
  summary: 'Limit the calls a minute and audio a day of a tenant, or show the limits',
  operands: '[TENANT]',
  arity: [0, 1],
  options: {
    calls: { value: 'N|none', about: 'Calls a minute; more are answered 429' },
    audio: { value: 'MINUTES|none', about: 'Minutes of audio a day (UTC); more are answered 402' },
  },
  example: `voice-prints keys limit home --calls 60 --audio 600
voice-prints keys limit home --audio none
voice-prints keys limit`,
  notes: `Only the limits given by an option change; none removes one. Without options the limits of TENANT are shown, without
TENANT those of all tenants.`,
  async run(args, terminal) {
    const changes = present({
      callsPerMinute: limitOption(args, 'calls', { least: 1, most: 1e6, isWhole: true }),
      audioMinutesPerDay: limitOption(args, 'audio', { least: 0.1, most: 1e6 }),
    });
    const [tenantId] = args.positionals;
    const isChange = Object.keys(changes).length > 0;
    await using ring = await openRing(args, terminal);
    if (tenantId === undefined) {
      if (isChange) throw usageError('no tenant was named; usage: voice-prints keys limit TENANT --calls N');
      printResult(args, terminal, ring.limits(), limitsTable(ring.limits()));
      return;
    }
    const limits = isChange ? await ring.limit(tenantId, changes) : ring.limitsOf(tenantId);
    printResult(args, terminal, { tenantId, ...limits }, `${tenantId}: ${limitTexts(limits).join(', ')}`);
  },
};

/** The number after `--name`, null after `none`, undefined without it. */
const limitOption = (args: ParsedArguments, name: string, range: Parameters<typeof numberOption>[2]) =>
  textOption(args, name) === 'none' ? null : numberOption(args, name, range);

const limitTexts = ({ callsPerMinute, audioMinutesPerDay }: TenantLimits): readonly [string, string] => [
  callsPerMinute === undefined ? 'any number of calls' : `${callsPerMinute} calls a minute`,
  audioMinutesPerDay === undefined ? 'any audio' : `${audioMinutesPerDay} minutes of audio a day`,
];

const limitsTable = (limits: readonly (TenantLimits & { readonly tenantId: string })[]): string =>
  limits.length === 0
    ? 'No tenant is limited; see voice-prints keys limit --help'
    : table([['TENANT', 'CALLS', 'AUDIO'], ...limits.map((one) => [one.tenantId, ...limitTexts(one)])]);

export const keysCommands: readonly Command[] = [create, list, rotate, revoke, limit];
