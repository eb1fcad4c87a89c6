import { expect, test } from 'vitest';
import { allowedHosts } from '../../src/core/allowedHosts.js';

test.each([
  { name: 'none', env: {}, hosts: [] },
  { name: 'the older name', env: { VOICE_PRINTS_WEBHOOK_ALLOW: 'a, b:8080,' }, hosts: ['a', 'b:8080'] },
  {
    name: 'both',
    env: { VOICE_PRINTS_ALLOWED_HOSTS: 'c', VOICE_PRINTS_WEBHOOK_ALLOW: 'a' },
    hosts: ['c'],
  },
])('private hosts that are allowed: $name', ({ env, hosts }) => {
  expect(allowedHosts(env)).toEqual(hosts);
});
