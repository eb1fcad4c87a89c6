import { expect, test } from 'vitest';
import { tenantFolder } from '../../src/registry/tenantFolder.js';

const TENANTS = [
  'home',
  'Home',
  'HOME',
  '..',
  '.',
  'a.b',
  'con',
  'CON',
  'Aux',
  'com1',
  'con.1',
  'console',
  'a-b_c',
  '%',
];

test.each(['win32', 'darwin'] as const)('on %s, where case does not count, tenants share no folder', (platform) => {
  const names = TENANTS.map((tenant) => tenantFolder(tenant, platform).toLowerCase());
  expect(new Set(names).size).toBe(TENANTS.length);
  for (const name of names) expect(name).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)|[<>:"/\\|?*]|\.$|^\.+$/);
});

test('on Linux names stay what they were', () => {
  expect(TENANTS.map((tenant) => tenantFolder(tenant, 'linux'))).toEqual(
    TENANTS.map((tenant) => encodeURIComponent(tenant).replaceAll('.', '%2E')),
  );
});
