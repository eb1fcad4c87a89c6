// Writes into the documents what they take from the program: node scripts/docs.mjs (after npm run build). What lies between
// `<!-- voice-prints ARGUMENTS -->` and `<!-- end -->` is replaced by what that command prints.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const main = `${root}dist/src/cli/main.js`;
const documents = existsSync(`${root}docs`) ? readdirSync(`${root}docs`).filter((name) => name.endsWith('.md')) : [];

for (const name of ['README.md', ...documents.map((file) => `docs/${file}`)]) {
  const text = readFileSync(root + name, 'utf8');
  const written = text.replace(/(<!-- voice-prints ([^>]+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, begin, words, end) => {
    const printed = execFileSync(process.execPath, [main, ...words.split(' ')], { encoding: 'utf8' });
    return begin + printed + end;
  });
  if (written !== text) writeFileSync(root + name, written);
}
