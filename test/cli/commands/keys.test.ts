import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { typed } from '../terminal.js';

test('keys limit changes what is named, shows without options, lists without a tenant', async () => {
  const env = { VOICE_PRINTS_HOME: await temporaryFolder() };
  const limit = async (...argv: string[]) => {
    const { exitCode, stdout, stderr } = await typed(['keys', 'limit', ...argv, '--json'], env);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    return JSON.parse(stdout);
  };
  expect(await limit()).toEqual([]);
  expect(await limit('home')).toEqual({ tenantId: 'home' });
  const both = { tenantId: 'home', callsPerMinute: 60, audioMinutesPerDay: 600 };
  expect(await limit('home', '--calls', '60', '--audio', '600')).toEqual(both);
  expect(await limit('home')).toEqual(both);
  expect(await limit('home', '--audio', '30')).toEqual({ ...both, audioMinutesPerDay: 30 });
  await limit('away', '--calls', '5');
  expect(await limit()).toEqual([
    { tenantId: 'away', callsPerMinute: 5 },
    { ...both, audioMinutesPerDay: 30 },
  ]);
  expect(await limit('home', '--calls', 'none')).toEqual({ tenantId: 'home', audioMinutesPerDay: 30 });
  expect(await limit('away', '--calls', 'none')).toEqual({ tenantId: 'away' });
  expect(await limit()).toHaveLength(1);
  expect((await typed(['keys', 'limit'], env)).stdout).toBe(
    'TENANT  CALLS                AUDIO\nhome    any number of calls  30 minutes of audio a day\n',
  );
  expect((await typed(['keys', 'limit', '--calls', '5'], env)).exitCode).toBe(2);
});
