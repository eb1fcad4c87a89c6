import { expect, test } from 'vitest';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { KeyThrottle } from '../../../src/api/access/keyThrottle.js';

test('each key leads to its tenant, an unknown one nowhere', () => {
  const keys = ApiKeys.fromPairs('acme:first,acme:second, globex:with:colons\n# a remark\n\n');
  expect(['first', 'second', 'with:colons', 'third', '', 'acme'].map((key) => keys.callerOf(key)?.tenantId)).toEqual([
    'acme',
    'acme',
    'globex',
    undefined,
    undefined,
    undefined,
  ]);
});

test('a key file may hold digests; nothing that is kept contains a key', () => {
  const { keys, key } = ApiKeys.generate('acme');
  const lines = keys.toHashedPairs();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^acme:sha256:[0-9a-f]{64}$/);
  expect(ApiKeys.fromPairs(lines).callerOf(key)?.tenantId).toBe('acme');
  expect(JSON.stringify(keys) + lines.join()).not.toContain(key);
  expect(key).toMatch(/^vp_[\w-]{32}$/);
  expect(ApiKeys.generate().key).not.toBe(key);
});

test.each([
  { name: 'nothing', pairs: '' },
  { name: 'remarks only', pairs: '# none\n' },
  { name: 'no colon', pairs: 'secretsecret' },
  { name: 'no key', pairs: 'acme:' },
  { name: 'no tenant', pairs: ':secretsecret' },
  { name: 'tenant with a slash', pairs: '../acme:secretsecret' },
])('$name is CONFIG_INVALID and the message keeps the key', ({ pairs }) => {
  expect(() => ApiKeys.fromPairs(pairs)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  expect(() => ApiKeys.fromPairs(pairs)).not.toThrow(/secretsecret/);
});

test('an address waits after too many wrong keys, until its minute is over; others do not', () => {
  let nowMs = 0;
  const throttle = new KeyThrottle(3, () => nowMs);
  for (let i = 0; i < 3; i += 1) {
    expect(throttle.waitSeconds('192.0.2.1')).toBe(0);
    throttle.failed('192.0.2.1');
  }
  nowMs = 20_000;
  expect(throttle.waitSeconds('192.0.2.1')).toBe(40);
  expect(throttle.waitSeconds('192.0.2.2')).toBe(0);
  nowMs = 60_001;
  expect(throttle.waitSeconds('192.0.2.1')).toBe(0);
});

test('an IPv6 client cannot change within its /64 to go on guessing', () => {
  const throttle = new KeyThrottle(1, () => 0);
  throttle.failed('2001:db8:0:7::1');
  expect(throttle.waitSeconds('2001:db8::7:abcd:1:2:3')).toBe(60);
  expect(throttle.waitSeconds('2001:db8:0:8::1')).toBe(0);
  throttle.failed('::ffff:192.0.2.1');
  expect(throttle.waitSeconds('::ffff:192.0.2.2')).toBe(0);
});
