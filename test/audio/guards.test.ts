import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../../src/audio/', import.meta.url));
/** A thread and a process of their own: what they throw ends them, which is their answer. */
const OWN_PROCESSES = /\.worker\.ts$|superficialHost\.ts$/;
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !OWN_PROCESSES.test(name),
);

/** Where the event loop calls us: timers, and listeners of sockets, servers, children and workers. */
const EDGE =
  /(?<![\w.])(?:setTimeout|setInterval|setImmediate|queueMicrotask|createServer)\(|\.(?:on|once|addListener)\(/g;
/** What cannot throw. */
const HARMLESS =
  /^(?:resolve|reject|\(\w*\) => (?:undefined|(?:resolve|reject|done)\((?:undefined|\w*|new Error\('[^']*'\)|\w+\(\))\)|[\w.#]+\.(?:destroy|destroySoon)\(\)|\w+\.setTimeout\(\w+\)|\w+\.abort\([^;]*\)))$/;

/** The text within the parenthesis that opens at `start`. */
function argumentsAt(text: string, start: number): string {
  let depth = 1;
  let at = start;
  for (; depth > 0 && at < text.length; at += 1) depth += text[at] === '(' ? 1 : text[at] === ')' ? -1 : 0;
  return text.slice(start, at - 1);
}

/** Arguments, at the commas between them. */
function split(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const letter of text) {
    if ('([{'.includes(letter)) depth += 1;
    if (')]}'.includes(letter)) depth -= 1;
    if (letter === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function isGuarded(callback: string, source: string): boolean {
  if (/^(?:this\.#)?guarded\(/.test(callback) || HARMLESS.test(callback)) return true;
  const defined = /^\w+$/.test(callback) && new RegExp(`(?:const|let) ${callback}\\b[^=]*= ([^;]+);`).exec(source)?.[1];
  return Boolean(defined) && isGuarded((defined as string).trim(), source);
}

function bareCallbacks(name: string): string[] {
  const source = readFileSync(join(folder, name), 'utf8').replaceAll(/\/\/.*$/gm, '');
  return [...source.matchAll(EDGE)].flatMap(({ index, 0: edge }) => {
    const given = split(argumentsAt(source, index + edge.length));
    const callback = edge.startsWith('.')
      ? (given[1] ?? given[0]!)
      : edge === 'createServer('
        ? given.at(-1)
        : given[0]!;
    return callback === undefined || isGuarded(callback, source) ? [] : [`${name}: ${edge}${given.join(', ')})`];
  });
}

test('every callback of a socket, timer or child in src/audio is guarded, or cannot throw', () => {
  expect(files.length).toBeGreaterThan(50);
  expect(files.flatMap(bareCallbacks)).toEqual([]);
});
