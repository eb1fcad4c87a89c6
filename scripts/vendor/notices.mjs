// Licences of everything that the build puts into dist/vendor.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Licences that let their works be part of this package, with nothing asked for but a notice. */
const PERMISSIVE = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense', 'Zlib']);

const LICENCES = join(import.meta.dirname, 'licences');
const text = (file) => readFileSync(join(LICENCES, `${file}.txt`), 'utf8').trim();

/** Packages whose npm package holds no licence text: the file of ours that does. */
const WITHOUT_TEXT = {
  '@wasm-audio-decoders/common': 'wasm-audio-decoders',
  '@wasm-audio-decoders/flac': 'wasm-audio-decoders',
  'ogg-opus-decoder': 'wasm-audio-decoders',
  'opus-decoder': 'wasm-audio-decoders',
  'pg-types': 'pg-types',
  pgpass: 'pgpass',
  standardwebhooks: 'standardwebhooks',
};

/** Programs compiled to WebAssembly inside a package. */
const COMPILED = {
  '@wasm-audio-decoders/common': { name: 'puff', licence: 'Zlib' },
  '@wasm-audio-decoders/flac': { name: 'libFLAC', licence: 'BSD-3-Clause' },
  'opus-decoder': { name: 'libopus', licence: 'BSD-3-Clause' },
};

const HEAD = `# Third-party notices

The files of this folder, and of the assets beside it, hold the libraries below, of the versions named, as they are published on npm: bundled, otherwise unchanged.
`;

/** What is bundled of one package folder. */
function bundledWorks(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const own = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)([.-]|$)/i.test(file));
  const held = own.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim());
  const known = WITHOUT_TEXT[name];
  if (held.length === 0 && known === undefined) throw new Error(`${name} ${version} has no licence text`);
  const texts = held.length > 0 ? held.join('\n\n') : text(known);
  const works = [{ title: `${name} ${version}`, licence: license, texts }];
  const inside = COMPILED[name];
  if (inside)
    works.push({ title: `${inside.name}, compiled, in ${name}`, licence: inside.licence, texts: text(inside.name) });
  return works;
}

/**
 * The notices as Markdown: a heading for each work, its licence below; works of one wording stand together.
 * @param files of node_modules that were bundled. Throws where one has no licence text, or a licence that asks for more.
 */
export function noticesOf(files) {
  const folders = new Set(files.map((file) => /^.*[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+/.exec(file)?.[0]));
  if (folders.has(undefined)) throw new Error('a bundled file belongs to no package of node_modules');
  const works = [...folders].sort().flatMap(bundledWorks);
  const refused = works.filter(({ licence }) => !PERMISSIVE.has(licence));
  if (refused.length > 0) {
    const list = refused.map(({ title, licence }) => `${title} (${licence})`).join(', ');
    throw new Error(`not to be bundled: ${list}; make it a dependency`);
  }
  const headings = new Map();
  for (const { title, licence, texts } of works) {
    headings.set(texts, (headings.get(texts) ?? new Set()).add(`## ${title} (${licence})`));
  }
  const sections = [...headings].map(([texts, same]) => `${[...same].join('\n\n')}\n\n\`\`\`text\n${texts}\n\`\`\`\n`);
  return `${HEAD}\n${sections.join('\n')}`;
}
