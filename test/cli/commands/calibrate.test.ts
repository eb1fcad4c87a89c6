import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../../src/index.js';
import { typed } from '../terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-calibrate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const env = { VOICE_PRINTS_HOME: join(folder, 'store') };

const corpus = resolve(fileURLToPath(new URL('../../../../shared/corpus', import.meta.url)));
const hasCorpus = existsSync(join(corpus, 'dev-learner.jsonl'));
if (!hasCorpus) console.warn('eval identify and calibrate on real voices: skipped, ../shared/corpus is not there');

/** The first `people` learners of English, six to twenty utterances each; paths are absolute. */
function learners(people: number, utterances: number): string {
  const lines = readFileSync(join(corpus, 'dev-learner.jsonl'), 'utf8').trim().split('\n');
  const rows = lines.map((line) => JSON.parse(line) as { speaker: string; file: string });
  const chosen = [...new Set(rows.map(({ speaker }) => speaker))].slice(0, people);
  const kept = chosen.flatMap((one) => rows.filter(({ speaker }) => speaker === one).slice(0, utterances));
  const path = join(folder, `learners-${people}-${utterances}.jsonl`);
  writeFileSync(path, kept.map((row) => `${JSON.stringify({ ...row, file: join(corpus, row.file) })}\n`).join(''));
  return path;
}

describe.skipIf(!hasCorpus)('on real voices', () => {
  test.each([
    { name: 'whole utterances, half enrolled', options: [], gallery: 3 },
    { name: 'probes of 2 s, two enrolled', options: ['--seconds', '2', '--gallery', '2'], gallery: 2 },
  ])(
    'eval identify answers with the fields of the contract, the same at every run: $name',
    async ({ options, gallery }) => {
      const argv = ['eval', 'identify', learners(6, 8), ...options, '--json'];
      const { exitCode, stdout, stderr } = await typed(argv, env);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      const answer = JSON.parse(stdout);
      expect(answer).toMatchObject({ gallery, speakers: 6 });
      const rates = [
        answer.fnirAtFpir1Percent,
        answer.fnirAtFpir5Percent,
        answer.rank1Percent,
        ...['0.1', '1', '5'].map((preset) => answer.falseAcceptAtPreset[preset]),
      ];
      for (const rate of rates) expect(rate).toBeGreaterThanOrEqual(0);
      for (const rate of rates) expect(rate).toBeLessThanOrEqual(100);
      expect(answer.fnirAtFpir5Percent).toBeLessThanOrEqual(answer.fnirAtFpir1Percent);
      expect(answer.rank1Percent).toBeGreaterThan(80); // six people, the model far better than chance (33 or 50 %)
      expect((await typed(argv, env)).stdout).toBe(stdout);
    },
  );

  test('calibrate draws the gain, and with --write engines of that store use the fit', async () => {
    const out = join(folder, 'curves');
    const { exitCode, stdout, stderr } = await typed(
      ['calibrate', learners(8, 20), '--out', out, '--write', '--json'],
      env,
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const { before, after, files, people } = JSON.parse(stdout);
    expect(people).toBe(8);
    for (const { cllr, minCllr } of [before, after]) {
      expect(cllr).toBeGreaterThanOrEqual(minCllr - 1e-9);
      expect(cllr).toBeLessThan(1); // 1 says nothing
    }
    expect(files.map((file: string) => file.split('/').at(-1))).toEqual([
      'calibration.json',
      'scores.svg',
      'det.svg',
      'reliability.svg',
      expect.stringMatching(/^calibration-.*\.json$/),
    ]);
    for (const file of files.slice(1, 4)) expect(readFileSync(file, 'utf8')).toContain('prefers-color-scheme: dark');
    const fitted = JSON.parse(readFileSync(files[0], 'utf8')).calibration;
    await using engine = await createEngine({ storeDirectory: env.VOICE_PRINTS_HOME });
    expect(engine.model.calibration).toEqual(fitted);
    expect(fitted.source).toContain('8 people');
    expect(Object.values(fitted.falseAcceptLlr).every(Number.isFinite)).toBe(true);
    await using other = await createEngine({ storeDirectory: join(folder, 'another store') });
    expect(other.model.calibration).not.toEqual(fitted);

    // Another fit takes its place only where it is better on people it has not heard.
    const again = await typed(['calibrate', learners(8, 20), '--out', out, '--write', '--json'], env);
    await using kept = await createEngine({ storeDirectory: env.VOICE_PRINTS_HOME });
    if (again.exitCode === 0) {
      const second = JSON.parse(again.stdout);
      expect(second.after.cllr).toBeLessThan(second.before.cllr);
      expect(kept.model.calibration).not.toEqual(fitted);
    } else {
      expect(again.stderr).toMatch(/^INPUT_INVALID: .*no better/);
      const { cllrBefore, cllrAfter } = JSON.parse(again.stdout).error.details;
      expect(cllrAfter).toBeGreaterThanOrEqual(cllrBefore);
      expect(kept.model.calibration).toEqual(fitted);
    }
  });

  test('too few people are refused with what is missing', async () => {
    const { exitCode, stderr } = await typed(['calibrate', learners(4, 20)], env);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^INPUT_INVALID: .*4 people.*; list 8/);
  });
});

test('a damaged calibration in the store is reported before any work, and --off reverts to that of the model', async () => {
  const store = mkdtempSync(join(folder, 'damaged-'));
  const { defaultId } = await (await import('../../../src/index.js')).ModelStore.open();
  writeFileSync(join(store, `calibration-${defaultId}.json`), '{');
  await expect(createEngine({ storeDirectory: store })).rejects.toMatchObject({ code: 'REGISTRY_CORRUPT' });
  const off = () => typed(['calibrate', '--off', '--json', '--store', store], env);
  expect(JSON.parse((await off()).stdout)).toEqual({ model: expect.any(String), removed: true });
  await using engine = await createEngine({ storeDirectory: store });
  expect(engine.model.calibration?.source).not.toContain('own recordings');
  expect(JSON.parse((await off()).stdout)).toMatchObject({ removed: false });
});

test.each([
  { name: 'eval identify', argv: ['eval', 'identify', 'none.jsonl'] },
  { name: 'calibrate', argv: ['calibrate', 'none.jsonl'] },
])('a manifest that is not there: $name', async ({ argv }) => {
  const { exitCode, stderr } = await typed(argv, env);
  expect({ exitCode, code: stderr.split(':')[0] }).toEqual({ exitCode: 1, code: 'FILE_NOT_FOUND' });
});

test.each([
  { name: 'a gallery of one', argv: ['eval', 'identify', 'm.jsonl', '--gallery', '1'] },
  { name: 'probes of no length', argv: ['eval', 'identify', 'm.jsonl', '--seconds', '0'] },
  { name: 'no manifest', argv: ['calibrate'] },
  { name: 'a manifest to go back', argv: ['calibrate', 'm.jsonl', '--off'] },
])('wrong usage: $name', async ({ argv }) => {
  const { exitCode, stderr } = await typed(argv, env);
  expect({ exitCode, code: stderr.split(':')[0] }).toEqual({ exitCode: 2, code: 'USAGE' });
});
