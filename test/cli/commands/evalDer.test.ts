import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { typed } from '../terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-der-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rttm = (turns: readonly string[]): string =>
  turns
    .map((turn) => {
      const [file, start, seconds, name] = turn.split(' ');
      return `SPEAKER ${file} 1 ${start} ${seconds} <NA> <NA> ${name} <NA> <NA>\n`;
    })
    .join('');

const truth = ['a 0 10 alice', 'a 10 10 bob'];

// Percentages worked out by hand: 20 s of speech, collar 0 unless given.
test.each([
  { name: 'equal', answer: truth, options: [], expected: { derPercent: 0, confusionPercent: 0, jerPercent: 0 } },
  { name: 'other labels', answer: ['a 0 10 one', 'a 10 10 two'], options: [], expected: { derPercent: 0 } },
  {
    name: 'other labels, named',
    answer: ['a 0 10 one', 'a 10 10 two'],
    options: ['--named'],
    expected: { confusionPercent: 100 },
  },
  {
    name: 'a stranger without a name',
    answer: ['a 0 10 alice', 'a 10 6 unknown-1', 'a 16 2 null', 'a 18 2 <NA>'],
    options: ['--named', '--enrolled', 'alice'],
    expected: { derPercent: 0, jerPercent: 0 },
  },
  {
    name: 'a stranger under a name',
    answer: ['a 0 10 alice', 'a 10 10 alice'],
    options: ['--named', '--enrolled', 'alice,carol'],
    expected: { confusionPercent: 50 },
  },
  {
    name: 'two seconds missed',
    answer: ['a 0 10 alice', 'a 12 8 bob'],
    options: [],
    expected: { derPercent: 10, missedPercent: 10 },
  },
  { name: 'two seconds too many', answer: [...truth, 'a 20 2 bob'], options: [], expected: { falseAlarmPercent: 10 } },
  {
    name: 'boundary within the collar',
    answer: ['a 0 10.2 alice', 'a 10.2 9.8 bob'],
    options: ['--collar', '0.25'],
    expected: { derPercent: 0 },
  },
  {
    name: 'another file name, one recording each',
    answer: ['b 0 10 alice', 'b 10 10 bob'],
    options: [],
    expected: { derPercent: 0 },
  },
])('eval der: $name', async ({ name, answer, options, expected }) => {
  const [reference, hypothesis] = [join(folder, 'truth.rttm'), join(folder, `${name}.rttm`)];
  writeFileSync(reference, rttm(truth));
  writeFileSync(hypothesis, rttm(answer));
  const collar = (options as readonly string[]).includes('--collar') ? [] : ['--collar', '0'];
  const { exitCode, stdout, stderr } = await typed([
    'eval',
    'der',
    reference,
    hypothesis,
    ...collar,
    ...options,
    '--json',
  ]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const percent = JSON.parse(stdout);
  expect(Object.keys(percent)).toEqual([
    'derPercent',
    'missedPercent',
    'falseAlarmPercent',
    'confusionPercent',
    'jerPercent',
  ]);
  for (const [key, value] of Object.entries(expected)) expect(percent[key]).toBeCloseTo(value, 9);
});

test('several recordings are added up, and an answer without a truth is false alarm', async () => {
  const [reference, hypothesis] = [join(folder, 'two.rttm'), join(folder, 'two-answers.rttm')];
  writeFileSync(reference, rttm(['a 0 10 alice', 'b 0 10 bob']));
  writeFileSync(hypothesis, rttm(['a 0 10 alice', 'b 0 5 bob', 'c 0 2 alice']));
  const { stdout } = await typed(['eval', 'der', reference, hypothesis, '--collar', '0', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ derPercent: 35, missedPercent: 25, falseAlarmPercent: 10 });
});
