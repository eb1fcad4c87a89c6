import { appendFile, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AuditEntry } from '../../src/core/audit.js';
import type { AuditFilter } from '../../src/registry/auditEntry.js';
import { AuditLog, readAuditFiles } from '../../src/registry/auditLog.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const entry = (speakerId: string, more: Partial<AuditEntry> = {}): AuditEntry => ({
  time: '2026-06-01T12:00:00.000Z',
  tenantId: 'local',
  actor: 'key:key-1a2b3c4d',
  action: 'enrol',
  speakerId,
  outcome: 'complete',
  ...more,
});

async function kept(folder: string, filter?: AuditFilter) {
  const entries: (AuditEntry | undefined)[] = [];
  for await (const line of readAuditFiles(folder, filter)) entries.push(line);
  return entries;
}

test('entries are kept in order, for their owner only, and found by person and tenant', async () => {
  const folder = join(await temporaryFolder(), 'store');
  expect(await kept(folder)).toEqual([]);
  const log = new AuditLog(folder);
  const failed = entry('b', { tenantId: 'other', action: 'rename', outcome: 'failed', code: 'SPEAKER_NOT_FOUND' });
  await log.append([entry('a', { requestId: 'r-1' }), entry('b')]);
  await log.append([failed]);
  await log.append([]);
  expect(await kept(folder)).toEqual([entry('a', { requestId: 'r-1' }), entry('b'), failed]);
  expect(await kept(folder, { speakerId: 'b' })).toEqual([entry('b'), failed]);
  expect(await kept(folder, { speakerId: 'b', tenantId: 'other' })).toEqual([failed]);
  expect((await stat(join(folder, 'audit.log'))).mode & 0o777).toBe(0o600);
});

test('one tenant cannot push out what others did; all are read by time', async () => {
  const folder = await temporaryFolder();
  const log = new AuditLog(folder, { maxFileBytes: 300, maxOlderFiles: 1 });
  const at = (second: number, speakerId: string, tenantId: string) =>
    entry(speakerId, { tenantId, time: new Date(Date.UTC(2026, 5, 1, 12, 0, second)).toISOString() });
  await log.append([at(1, 'a', 'quiet'), at(1, 'b', 'local')]);
  for (let second = 2; second < 40; second += 1) await log.append([at(second, `s${second}`, 'loud')]);
  await log.append([at(50, 'c', 'quiet'), at(51, 'd', '..')]);
  const lines = (await kept(folder)).map((line) => `${line?.tenantId} ${line?.speakerId}`);
  expect(lines.filter((line) => !line.startsWith('loud'))).toEqual(['local b', 'quiet a', 'quiet c', '.. d']);
  const loud = lines.filter((line) => line.startsWith('loud'));
  expect([loud.length < 10, loud.at(-1)]).toEqual([true, 'loud s39']);
  expect(lines.indexOf('quiet c')).toBeGreaterThan(lines.indexOf('loud s39'));
  expect(await kept(folder, { tenantId: 'quiet' })).toHaveLength(2);
});

test('an incomplete line of a killed writer damages no other, and is reported', async () => {
  const folder = await temporaryFolder();
  await new AuditLog(folder).append([entry('a')]);
  await appendFile(join(folder, 'audit.log'), '{"time":"2026-06');
  await new AuditLog(folder).append([entry('b')]);
  expect(await kept(folder)).toEqual([entry('a'), undefined, entry('b')]);
});

test('several writers lose nothing while files are set aside; the oldest give way', async () => {
  const folder = await temporaryFolder();
  const logs = [1, 2, 3].map(() => new AuditLog(folder, { maxFileBytes: 2_000, maxOlderFiles: 100 }));
  const write = async (log: AuditLog, from: number) => {
    for (let i = from; i < 90; i += 3) await log.append([entry(`s${i}`)]);
  };
  await Promise.all(logs.map(write));
  const ids = (await kept(folder)).map((line) => line?.speakerId);
  expect([...ids].sort()).toEqual(Array.from({ length: 90 }, (_, i) => `s${i}`).sort());
  const files = (await readdir(folder)).filter((name) => name.startsWith('audit'));
  expect(files.length).toBeGreaterThan(2);

  const few = new AuditLog(folder, { maxFileBytes: 100, maxOlderFiles: 2 });
  await few.append([entry('last')]);
  const left = (await readdir(folder)).filter((name) => name.startsWith('audit'));
  expect(left).toHaveLength(2);
  expect(await readFile(join(folder, left.sort().at(-1)!), 'utf8')).toContain('"last"');
});

test('a link in the place of the log is not followed', async () => {
  const folder = join(await temporaryFolder(), 'store');
  const elsewhere = join(folder, 'elsewhere');
  await mkdir(folder);
  await writeFile(elsewhere, 'mine');
  await symlink(elsewhere, join(folder, 'audit.log'));
  await expect(new AuditLog(folder).append([entry('a')])).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  expect(await readFile(elsewhere, 'utf8')).toBe('mine');
});
