import { expect, test } from 'vitest';
import { leaveOf } from '../../nodes/speaker-store/nodeCors.js';

const APP = 'https://app.example.org';

test.each([
  { name: 'everybody', rule: '*', leave: '*' },
  { name: 'everybody, by name', rule: true, leave: APP },
  { name: 'this origin', rule: APP, leave: APP },
  { name: 'another origin', rule: 'https://other.example.org', leave: undefined },
  { name: 'a list with it', rule: ['https://other.example.org', APP], leave: APP },
  { name: 'a list without it', rule: ['https://other.example.org'], leave: undefined },
  { name: 'a pattern', rule: /\.example\.org$/, leave: APP },
  { name: 'a pattern in a list', rule: [/^http:/, /\.example\.org$/], leave: APP },
  { name: 'nobody', rule: false, leave: undefined },
  { name: 'a function, which is not asked', rule: () => true, leave: undefined },
])('httpNodeCors with $name', ({ rule, leave }) => {
  expect(leaveOf(rule, APP)).toBe(leave);
});
