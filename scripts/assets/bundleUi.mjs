import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';

/** Scripts of the console: what each is made of. */
const SCRIPTS = { 'console.js': 'console/main.tsx', 'microphone.js': 'microphone/worklet.ts' };

/**
 * Bundles the components and the console of `serve`, which browsers load from the server itself.
 * @param root of the repository
 * @param folder where the files are put
 * @returns what was bundled of node_modules, for the notices
 */
export async function bundleUi(root, folder) {
  const ui = join(root, 'src/ui');
  const foreign = [];
  for (const [file, entry] of Object.entries(SCRIPTS)) {
    const { output } = await build({
      input: join(ui, entry),
      tsconfig: join(root, 'tsconfig.editor.json'),
      platform: 'browser',
      write: false,
      output: { format: 'esm', minify: true },
    });
    if (output.length !== 1) throw new Error(`${file} is several files`);
    writeFileSync(join(folder, file), output[0].code);
    foreign.push(...output[0].moduleIds.filter((id) => /[\\/]node_modules[\\/]/.test(id)));
  }
  const styles = ['styles/components.css', 'console/console.css'];
  writeFileSync(join(folder, 'console.css'), styles.map((file) => readFileSync(join(ui, file), 'utf8')).join('\n'));
  writeFileSync(join(folder, 'console.html'), readFileSync(join(ui, 'console/console.html')));
  return foreign;
}
