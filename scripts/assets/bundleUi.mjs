import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';

/** What browsers load, and what it is made of. */
const SCRIPTS = {
  'console.js': 'console/main.tsx',
  'microphone.js': 'microphone/worklet.ts',
  'voices.js': 'nodeRed/mount.tsx',
};
const STYLES = {
  'console.css': ['styles/components.css', 'styles/turns.css', 'console/console.css'],
  'voices.css': ['styles/components.css', 'styles/turns.css', 'nodeRed/nodeRed.css'],
};

/**
 * Bundles the components, for the console of `serve` and for Node-RED's editor; browsers load them from the server itself.
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
  const drawings = await drawingStyle(root);
  for (const [file, parts] of Object.entries(STYLES)) {
    const texts = parts.map((part) => readFileSync(join(ui, part), 'utf8'));
    writeFileSync(join(folder, file), [...texts, drawings].join('\n'));
  }
  for (const file of ['console.html', 'icon.svg']) cpSync(join(ui, 'console', file), join(folder, file));
  return [...foreign, ...(await bundleWidget(root, folder, drawings))];
}

/** The widget of Dashboard 2, which takes it from Node-RED's folder `resources`: one script with its style, and the microphone's. */
async function bundleWidget(root, ui, drawings) {
  const folder = join(root, 'src/ui/dashboard');
  const { output } = await build({
    input: join(folder, 'widget.ts'),
    tsconfig: join(root, 'tsconfig.editor.json'),
    platform: 'browser',
    write: false,
    output: { format: 'umd', name: 'ui-voices', exports: 'named', minify: true },
  });
  const sheets = ['styles/components.css', 'dashboard/dashboard.css'];
  const styles = sheets.map((sheet) => readFileSync(join(root, 'src/ui', sheet), 'utf8'));
  const style = JSON.stringify([...styles, drawings].join('\n'));
  const styled = `document.head.append(Object.assign(document.createElement('style'),{textContent:${style}}));\n`;
  mkdirSync(join(root, 'resources'), { recursive: true });
  writeFileSync(join(root, 'resources/voices-widget.js'), output[0].code + styled);
  cpSync(join(ui, 'microphone.js'), join(root, 'resources/voices-microphone.js'));
  return output[0].moduleIds.filter((id) => /[\\/]node_modules[\\/]/.test(id));
}

/** Rules for drawings inside a page, which are kept beside the code that draws. */
async function drawingStyle(root) {
  const { output } = await build({
    input: join(root, 'src/display/timelineStyle.ts'),
    tsconfig: join(root, 'tsconfig.editor.json'),
    write: false,
    output: { format: 'esm' },
  });
  const { timelineStyle } = await import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
  return timelineStyle('page');
}
