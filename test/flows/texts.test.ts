import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { audioForm } from '../../nodes/audio-source/audioSettings.js';
import { enrollForm } from '../../nodes/enroll-speaker/enroll-speaker.js';
import { identifyForm } from '../../nodes/identify-speakers/identifySettings.js';
import { registryForm } from '../../nodes/speaker-registry/speaker-registry.js';
import { storeForm } from '../../nodes/speaker-store/storeSettings.js';
import { widgetForm } from '../../nodes/ui-voices/ui-voices.js';
import { ERROR_CODES } from '../../src/index.js';
import { packageRoot } from './nodeRedProcess.js';

const TYPES = ['audio-source', 'enroll-speaker', 'identify-speakers', 'speaker-registry', 'speaker-store', 'ui-voices'];
/** Today's version of each node's settings: what the editor writes into new nodes. */
const VERSIONS: Readonly<Record<string, number>> = {
  'audio-source': audioForm.migrations.length,
  'enroll-speaker': enrollForm.migrations.length,
  'identify-speakers': identifyForm.migrations.length,
  'speaker-registry': registryForm.migrations.length,
  'speaker-store': storeForm.migrations.length,
  'ui-voices': widgetForm.migrations.length,
};
const nodes = join(packageRoot, 'nodes');
const read = (...path: string[]) => readFileSync(join(nodes, ...path), 'utf8');
const catalogue = (language: string, type: string) => JSON.parse(read(type, 'locales', language, `${type}.json`));

/** What a dialog runs in the browser, apart from what all dialogs share. */
function editorCode(type: string): string {
  const folder = join(nodes, type, 'editor');
  const parts = existsSync(folder) ? readdirSync(folder).map((name) => read(type, 'editor', name)) : [];
  return [read(type, 'editor.ts'), ...parts].join('\n');
}

/** `{a: {b: 'text'}}` as `['a.b', 'text']` rows. */
function texts(tree: Record<string, unknown>, prefix = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[prefix + key, value]] : texts(value as Record<string, unknown>, `${prefix}${key}.`),
  ) as [string, string][];
}

describe.each(TYPES)('%s', (type) => {
  const english = new Map(texts(catalogue('en-US', type)));
  const german = new Map(texts(catalogue('de', type)));
  const html = read(type, `${type}.html`);
  const code = read(type, `${type}.ts`);
  const editor = editorCode(type);
  const built = readFileSync(join(packageRoot, 'dist/nodes', type, `${type}.html`), 'utf8');

  test('both languages have the same keys and the same blanks, and none is empty', () => {
    expect([...german.keys()]).toEqual([...english.keys()]);
    const blanks = (text: string) => (text.match(/__\w+__/g) ?? []).sort();
    for (const [key, text] of english) {
      expect(text.trim(), key).not.toBe('');
      expect(blanks(german.get(key)!), key).toEqual(blanks(text));
    }
  });

  test('every text that the dialog asks for exists', () => {
    const asked = [...html.matchAll(/data-i18n="(?:\[\w+\])?([\w-]+(?:\.\w+)+)"/g)].map(([, key]) => key!);
    const called = [...editor.matchAll(/_\('([\w-]+(?:\.\w+)+)'/g)]
      .map(([, key]) => key!)
      .filter((key) => key.startsWith(type));
    expect(asked.length).toBeGreaterThan(0);
    for (const key of [...asked, ...called]) expect(english.has(key), key).toBe(true);
    const own = [...editor.matchAll(/\b(?:text|check)\('([\w.]+)'/g)].map(([, key]) => `${type}.${key}`);
    for (const key of own) expect(english.has(key), key).toBe(true);
    expect(called.length + own.length).toBeGreaterThan(0);
  });

  test('every fixed badge text of the node exists and is short', () => {
    const keys = [...code.matchAll(new RegExp(`'(${type}\\.status\\.\\w+)'`, 'g'))].map(([, key]) => key!);
    for (const key of keys) expect(english.has(key), key).toBe(true);
    for (const language of [english, german]) {
      for (const [key, text] of language) {
        if (/\.(status|reasons)\./.test(key) || ERROR_CODES.some((known) => key.endsWith(`errors.${known}`))) {
          expect(text.replace(/__\w+__/g, '12').length, `${key}: ${text}`).toBeLessThanOrEqual(24);
        }
      }
    }
  });

  test.each(['en-US', 'de'])('help in %s belongs to the type and uses what both editors can show', (language) => {
    const help = read(type, 'locales', language, `${type}.html`);
    expect(help).toContain(`data-help-name="${type}"`);
    expect(help).not.toMatch(/\[!\w+\]/);
    expect(help).not.toMatch(/^[ \t]+\S/m);
    // The editor reads such lines as a list of properties only in this form; a second colon breaks the whole list.
    for (const line of help.split('\n').filter((text) => text.startsWith(':'))) {
      expect(line).toMatch(/^: [^:()]+ \([^:()]+\) : [^:]+$/);
    }
  });

  test('the type is registered under a literal name with an inline definition, as the scorecard wants', () => {
    expect(built).toContain(`RED.nodes.registerType("${type}", {`);
    expect(built).toMatch(/\n\t\tcategory: "[\w ]+",\n(\t\tcolor: "#\w+",\n)?\t\tdefaults: \{\n/);
    expect(code).toContain(`registerType('${type}',`);
    expect(editor).toContain(`version: { value: ${VERSIONS[type]} }`);
  });

  test('the code of the dialog is inside the HTML, and nowhere else', () => {
    expect(built).not.toMatch(/<script[^>]* src=/);
    expect(built.match(/<script type="text\/javascript">/g)).toHaveLength(1);
    expect(built).not.toMatch(/^\s*(import|export)\b/m);
    expect(existsSync(join(packageRoot, 'dist/nodes', type, 'editor.js'))).toBe(false);
  });
});

test('the side bar has the same texts in both languages, and those that its code asks for', () => {
  const [english, german] = ['en-US', 'de'].map((language) => new Map(texts(catalogue(language, 'voices'))));
  expect([...german!.keys()]).toEqual([...english!.keys()]);
  const code = read('voices', 'editor.ts') + read('shared', 'editor', 'here.ts');
  const asked = [...code.matchAll(/\b(?:text|explain)\('(\w+)'/g)].map(([, key]) => `voices.${key}`);
  expect(asked.length).toBeGreaterThan(4);
  for (const key of asked) expect(english!.has(key), key).toBe(true);
});

test('every error code has a short text', () => {
  const errors = catalogue('en-US', 'speaker-store')['speaker-store'].errors;
  for (const code of ERROR_CODES) expect(errors[code], code).toBeTypeOf('string');
});

test('every type but the config node is used in an example, and no example holds credentials', () => {
  const folder = join(packageRoot, 'examples');
  const used = new Set<string>();
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    const flow = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
      type: string;
      credentials?: unknown;
      icon?: string;
    }[];
    expect(
      flow.some(({ type }) => type === 'comment'),
      name,
    ).toBe(true);
    for (const node of flow) {
      used.add(node.type);
      expect(node.credentials, name).toBeUndefined();
    }
  }
  for (const type of TYPES) expect(used).toContain(type);
});

test('the side bar has the same texts in every language', () => {
  const languages = readdirSync(join(nodes, 'voices/locales'));
  expect(languages.sort()).toEqual(['de', 'en-US', 'es', 'fr', 'ja', 'zh-CN']);
  const keys = texts(catalogue('en-US', 'voices')).map(([key]) => key);
  for (const language of languages) {
    const own = texts(catalogue(language, 'voices'));
    expect(own.map(([key]) => key)).toEqual(keys);
    for (const [key, text] of own) expect(text.trim(), key).not.toBe('');
  }
});

test('every icon that a node names is there, white on nothing', () => {
  for (const type of TYPES) {
    const icon = /icon: '([\w-]+\.svg)'/.exec(read(type, 'editor.ts'))?.[1];
    if (type === 'speaker-store') continue;
    expect(icon && existsSync(join(nodes, type, 'icons', icon)), type).toBe(true);
    expect(read(type, 'icons', icon!)).toMatch(/#fff/);
    expect(read(type, 'icons', icon!)).not.toMatch(/(fill|stroke)="#(?!fff")/);
  }
});
