import { expect, test } from 'vitest';
import { isWithin, parseSpan } from '../../src/sources/schedule.js';

/** 2026-11-30 is a Monday. */
const at = (day: number, time: string): Date => {
  const [hour, minute] = time.split(':').map(Number);
  return new Date(2026, 10, 30 + day, hour, minute);
};
const [MON, TUE, SAT, SUN] = [0, 1, 5, 6];

test.each([
  {
    text: 'Mon-Fri 07:00-19:00',
    on: [
      [MON, '07:00'],
      [TUE, '18:59'],
    ],
    off: [
      [MON, '06:59'],
      [MON, '19:00'],
      [SAT, '12:00'],
    ],
  },
  {
    text: '08:00-12:00',
    on: [
      [SAT, '08:00'],
      [SUN, '11:59'],
    ],
    off: [[SAT, '12:00']],
  },
  {
    text: 'sat,SUN 22:00-02:00',
    on: [
      [SAT, '22:00'],
      [SUN, '01:59'],
      [SUN + 1, '01:00'],
    ],
    off: [
      [SAT, '01:00'],
      [MON + 7, '02:00'],
    ],
  },
  {
    text: 'Fri-Mon 00:00-24:00',
    on: [
      [MON, '00:00'],
      [SAT, '23:59'],
    ],
    off: [[TUE, '00:00']],
  },
] as const)('$text', ({ text, on, off }) => {
  const span = parseSpan(text)!;
  for (const [day, time] of on) expect(isWithin([span], at(day, time)), `${day} ${time}`).toBe(true);
  for (const [day, time] of off) expect(isWithin([span], at(day, time)), `${day} ${time}`).toBe(false);
});

test.each([
  '',
  'always',
  '7:00-19:00',
  '24:00-02:00',
  '08:00-25:00',
  'Mon 08:60-09:00',
  'Moo 08:00-09:00',
  'Mon-Tue-Wed 08:00-09:00',
  'Mon, 08:00-09:00',
])('"%s" is no span', (text) => expect(parseSpan(text)).toBeUndefined());
