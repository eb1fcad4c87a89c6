import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';

const MARKER = '<script type="text/javascript" src="./editor.ts"></script>';

/**
 * Puts the code of a node's dialog where its HTML names it: Node-RED serves the HTML of all nodes as one document, so
 * no file beside it is ever asked for.
 * @param root of the repository
 * @param type of the node, which is the name of its folder
 * @param built the HTML file, written anew
 */
export async function inlineEditor(root, type, built) {
  const html = readFileSync(join(root, 'nodes', type, `${type}.html`), 'utf8');
  const [before, after, ...more] = html.split(MARKER);
  if (after === undefined || more.length > 0) throw new Error(`${type}.html must have one line ${MARKER}`);
  const { output } = await build({
    input: join(root, 'nodes', type, 'editor.ts'),
    tsconfig: join(root, 'tsconfig.editor.json'),
    platform: 'browser',
    write: false,
    output: { format: 'iife' },
  });
  if (output.length !== 1 || /<\/?script/i.test(output[0].code)) {
    throw new Error(`the code of ${type} cannot stand in HTML: it is several files, or holds a script tag`);
  }
  writeFileSync(built, `${before}<script type="text/javascript">\n${output[0].code}</script>${after}`);
}
