import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(`${root}src/README.md`, 'utf8');

test('every source file that the architecture names exists', () => {
  const named = [...text.matchAll(/`((?:[\w-]+\/)+[\w.-]+\.ts)`/g)].map(([, path]) => path!);
  expect(named.length).toBeGreaterThan(40);
  const missing = named.filter((path) => !['', 'src/', 'test/'].some((room) => existsSync(`${root}${room}${path}`)));
  expect(missing).toEqual([]);
});

test('no walk has more than eight stops', () => {
  const walks = text.split('## Four walks')[1]!.split('\n## ')[0]!.split(/^\*\*/m).slice(1);
  expect(walks).toHaveLength(4);
  for (const walk of walks) expect(walk.split('→').length, walk).toBeLessThanOrEqual(8);
});
