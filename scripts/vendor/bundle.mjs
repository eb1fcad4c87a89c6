// Puts the pure-JavaScript libraries into dist/vendor. Our own modules stay as tsc made them; only the names of what they import
// change. One pass over all libraries, so that what several of them share is there once.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { rolldown } from 'rolldown';
import { foreignImports, packageOf, redirected } from './foreignImports.mjs';
import { noticesOf } from './notices.mjs';

/** Libraries try these, and do without. */
const LEFT_OUT = ['@napi-rs/nice', 'bufferutil', 'utf-8-validate', 'supports-color', '@wasm-audio-decoders/opus-ml'];

/** A file that a library starts by its path gets a chunk of that name beside the others. */
const STARTED_BY_PATH = { worker: 'piscina/dist/worker.js' };

/** Folders that a library reads beside its modules, two levels up. In dist/vendor they lie beside the chunks. */
const READ_BY_PATH = ['@grpc/reflection/build/proto', 'grpc-health-check/proto'];
const besideChunks = (code) => code.replaceAll(/(['/])\.\.\/\.\.\/proto\b/g, '$1./proto');

const fileOf = (specifier) => specifier.replace(/^@|\.js$/g, '').replaceAll('/', '-');

/** Compiled modules of ours, with their code. */
function ownModules(dist) {
  return ['src', 'nodes'].flatMap((top) =>
    readdirSync(join(dist, top), { recursive: true })
      .filter((name) => name.endsWith('.js'))
      .map((name) => ({ file: join(dist, top, name), code: readFileSync(join(dist, top, name), 'utf8') })),
  );
}

/** What is taken of bundled packages, as specifier → names. */
async function takenNames(modules, isBundled) {
  const taken = new Map();
  for (const { specifier, names } of modules.flatMap(({ code }) => foreignImports(code))) {
    if (!isBundled(specifier)) continue;
    const known = taken.get(specifier) ?? new Set();
    for (const name of names ?? Object.keys(await import(specifier))) known.add(name);
    taken.set(specifier, known);
  }
  return taken;
}

/** A module for each specifier that hands on what is taken of it. `.mjs`: default imports then mean what they mean in Node.js. */
function entriesPlugin(root, taken) {
  const prefix = '\0entry:';
  return {
    name: 'entries',
    resolveId(source, importer) {
      if (source.startsWith(prefix)) return source;
      if (importer?.startsWith(prefix)) return this.resolve(source, join(root, 'package.json'), { skipSelf: true });
      return null;
    },
    load(id) {
      if (!id.startsWith(prefix)) return null;
      const specifier = id.slice(prefix.length, -'.mjs'.length);
      return `export { ${[...taken.get(specifier)].sort().join(', ')} } from ${JSON.stringify(specifier)};`;
    },
    entryOf: (specifier) => `${prefix}${specifier}.mjs`,
  };
}

/**
 * Bundles what compiled modules import of packages that are not installed with ours, and points the imports there.
 * @param root of the repository; its dist/src and dist/nodes hold what tsc made
 * @param inBrowsers files of node_modules that were bundled for browsers: the notices are of these too
 */
export async function bundleLibraries(root, inBrowsers) {
  const dist = join(root, 'dist');
  const vendor = join(dist, 'vendor');
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { dependencies, peerDependencies, peerDependenciesMeta, name: own } = manifest;
  const installed = new Set([own, ...Object.keys({ ...dependencies, ...peerDependencies })]);
  // Our modules do without an optional peer; a library that needs the same package (prom-client) gets it with the bundle.
  const isThere = (name) => installed.has(name) && !peerDependenciesMeta[name]?.optional;
  const isBundled = (specifier) => !installed.has(packageOf(specifier));

  const modules = ownModules(dist);
  const taken = await takenNames(modules, isBundled);
  const entries = entriesPlugin(root, taken);
  const packages = join(root, 'node_modules');
  const bundle = await rolldown({
    cwd: root,
    input: {
      ...Object.fromEntries([...taken.keys()].map((specifier) => [fileOf(specifier), entries.entryOf(specifier)])),
      ...Object.fromEntries(Object.entries(STARTED_BY_PATH).map(([name, path]) => [name, join(packages, path)])),
    },
    platform: 'node',
    transform: { define: { __dirname: 'import.meta.dirname' } },
    external: (id) => LEFT_OUT.includes(id) || (!/^[./\0]/.test(id) && isThere(packageOf(id))),
    plugins: [
      entries,
      {
        name: 'beside-chunks',
        transform: (code, id) =>
          READ_BY_PATH.some((path) => id.includes(`/${packageOf(path)}/`)) ? besideChunks(code) : null,
      },
    ],
  });
  const before = new Set(readdirSync(dist).includes('vendor') ? readdirSync(vendor) : []);
  const { output } = await bundle.write({
    dir: vendor,
    format: 'esm',
    minify: false, // with the comments, and where each part is from
    entryFileNames: '[name].js',
    chunkFileNames: 'shared-[name].js',
  });
  await bundle.close();
  for (const path of READ_BY_PATH) {
    cpSync(join(packages, path), join(vendor, 'proto'), { recursive: true });
  }
  for (const name of before) {
    if (name !== 'proto' && !output.some(({ fileName }) => fileName === name))
      rmSync(join(vendor, name), { recursive: true });
  }
  const files = output.flatMap((chunk) => chunk.moduleIds ?? []).filter((id) => !id.startsWith('\0'));
  writeFileSync(join(vendor, 'THIRD-PARTY-NOTICES.md'), noticesOf([...files, ...inBrowsers]));

  for (const { file, code } of modules) {
    const to = relative(dirname(file), vendor).split(sep).join('/');
    const changed = redirected(code, (specifier) =>
      isBundled(specifier) ? `${to}/${fileOf(specifier)}.js` : undefined,
    );
    if (changed !== code) writeFileSync(file, changed);
  }
}
