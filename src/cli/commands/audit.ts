import { type AuditEntry, readAuditLog } from '../../index.js';
import type { Command } from '../command.js';
import { textOption } from '../options/parseCommandLine.js';
import { storePlace } from '../options/storePlace.js';
import { printResult, remark, table } from '../output/output.js';

const row = ({
  time,
  tenantId,
  actor,
  action,
  speakerId,
  unknownId,
  keyId,
  outcome,
  code,
}: AuditEntry): readonly string[] => [
  time,
  tenantId,
  actor,
  action,
  speakerId ?? '',
  unknownId ?? '',
  keyId ?? '',
  code === undefined ? outcome : `${outcome}: ${code}`,
];

const auditTable = (entries: readonly AuditEntry[]): string =>
  entries.length === 0
    ? 'The audit log has no such entry'
    : table([['TIME', 'TENANT', 'ACTOR', 'ACTION', 'SPEAKER', 'UNKNOWN', 'KEY', 'OUTCOME'], ...entries.map(row)]);

export const audit: Command = {
  name: 'audit',
  summary: 'Show who changed which voiceprint or key, oldest first',
  operands: '',
  arity: [0, 0],
  options: {
    speaker: { value: 'ID', about: 'Only this person' },
    tenant: { value: 'TENANT', about: 'Only this tenant ("local": the command line and flows)' },
  },
  example: 'voice-prints audit --speaker alice --json',
  notes: `Enrolments, renaming, erasing, exports, imports and changes of keys, with the API key (by its id), "command line" or "node-red".
The log is kept in the store as audit.log, then audit-TIME.log, and that of other tenants in audit/TENANT: ids only, no names, no
audio. It is not encrypted. With a database it is a table of that.`,
  async run(args, terminal) {
    const entries: AuditEntry[] = [];
    let unreadable = 0;
    const filter = { speakerId: textOption(args, 'speaker'), tenantId: textOption(args, 'tenant') };
    for await (const entry of readAuditLog(storePlace(args, terminal.env), filter)) {
      if (entry) entries.push(entry);
      else unreadable += 1;
    }
    printResult(args, terminal, entries, auditTable(entries));
    if (unreadable > 0) remark(args, terminal, `${unreadable} lines of the audit log cannot be read.`);
  },
};
