import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { type Flow, NodeRedProcess, packageRoot } from './nodeRedProcess.js';

interface ExampleNode {
  readonly id: string;
  readonly type: string;
  readonly z?: string;
  readonly name?: string;
  readonly label?: string;
  readonly info?: string;
  readonly x?: number;
  readonly y?: number;
  readonly wires?: readonly (readonly string[])[];
}

const folder = join(packageRoot, 'examples');
const examples = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => ({ name, nodes: JSON.parse(readFileSync(join(folder, name), 'utf8')) as readonly ExampleNode[] }));

/** Wider flows have to be scrolled on a screen of 1280 pixels more than once. */
const CANVAS = { width: 1_400, height: 900 };
/** Letters of the editor's labels are 14 px Helvetica: 7 px on average, wide ones included. */
const LETTER_WIDTH = 7;

/** As the editor draws it: 100 px at least, in steps of 20, 30 px high and 15 px an output (red.js, `redraw`). */
function boxOf({ name, type, wires = [], x = 0, y = 0 }: ExampleNode) {
  const label = name || type;
  const width = Math.max(100, 20 * Math.ceil((label.length * LETTER_WIDTH + 57) / 20));
  const height = Math.max(30, wires.length * 15);
  return { label, left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 };
}

describe.each(examples)('$name', ({ nodes }) => {
  const drawn = nodes.filter(({ x }) => x !== undefined);
  const boxes = drawn.map(boxOf);

  test('opens with every node on the canvas, and none over another', () => {
    for (const { label, left, right, top, bottom } of boxes) {
      const isInside = left >= 0 && top >= 0 && right <= CANVAS.width && bottom <= CANVAS.height;
      expect([label, isInside]).toEqual([label, true]);
    }
    const overlaps = boxes.flatMap((a, i) =>
      boxes
        .slice(i + 1)
        .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        .map((b) => `${a.label} | ${b.label}`),
    );
    expect(overlaps).toEqual([]);
  });

  test('says what to set, and wires lead to nodes of the same tab', () => {
    const tab = nodes.find(({ type }) => type === 'tab')!;
    const comments = nodes.filter(({ type }) => type === 'comment');
    expect(tab.info || comments.map(({ info }) => info).join('')).toMatch(/\w/);
    expect(comments.length).toBeGreaterThan(0);
    const inTab = new Set(nodes.filter(({ z }) => z === tab.id).map(({ id }) => id));
    const wired = drawn.flatMap(({ wires = [] }) => wires.flat());
    expect(wired.filter((id) => !inTab.has(id))).toEqual([]);
  });
});

test('examples imported together share stores and brokers, and nothing else has the same id', () => {
  const byId = new Map<string, ExampleNode[]>();
  for (const node of examples.flatMap(({ nodes }) => nodes)) byId.set(node.id, [...(byId.get(node.id) ?? []), node]);
  for (const [id, same] of byId) {
    const [first, ...others] = same;
    for (const other of others) expect([id, other]).toEqual([id, first]);
    // A config node has no tab: the editor takes the one that is there.
    if (others.length > 0) expect([id, first!.z, first!.type === 'tab']).toEqual([id, undefined, false]);
  }
});

test('the recordings of the demo are small enough to travel with the package', () => {
  const audio = join(folder, 'audio');
  const bytes = readdirSync(audio).reduce((sum, name) => sum + statSync(join(audio, name)).size, 0);
  expect(bytes).toBeLessThan(300_000);
});

test('the demo names everybody on the first deploy, and again on the next one', async () => {
  const demo = examples.find(({ name }) => name.startsWith('00'))!.nodes;
  const flow = demo.map((node) => (node.type === 'debug' ? { ...node, console: true } : node)) as unknown as Flow;
  await using red = await NodeRedProcess.start({});
  for (let deploys = 0; deploys < 2; deploys += 1) {
    const from = red.lines.length;
    await red.deploy(flow);
    const said = () => red.lines.slice(from).join('\n');
    const isNamed = (text: string) =>
      /Nora/.test(text) && /Hugo/.test(text) && /Angus/.test(text) && /unknown-1/.test(text);
    await until(async () => said(), isNamed);
    expect(said()).not.toMatch(/\[error\]/);
  }
});

test('the example of corrections names the visitor once for good, and takes it back', async () => {
  const flow = examples
    .find(({ name }) => name.startsWith('19'))!
    .nodes.map((node) => (node.type === 'debug' ? { ...node, console: true } : node)) as unknown as Flow;
  await using red = await NodeRedProcess.start({});
  await red.deploy(flow);
  const after = (from: number) => red.lines.slice(from).join('\n');
  const press = async (name: string): Promise<number> => {
    const from = red.lines.length;
    const { id } = flow.find((node) => (node as { name?: string }).name === name)!;
    expect((await fetch(`${red.url}/inject/${id}`, { method: 'POST' })).status).toBe(200);
    return from;
  };
  await until(
    async () => after(0),
    (text) => /unknown-1/.test(text),
  );
  const corrected = await press('The visitor is Carol');
  await until(
    async () => after(corrected),
    (text) => /outcome: 'enrolled'/.test(text),
  );
  const again = await press('The conversation');
  await until(
    async () => after(again),
    (text) => /name: 'Carol'/.test(text),
  );
  const undone = await press('Undo');
  await until(
    async () => after(undone),
    (text) => /isUndone: true/.test(text),
  );
  expect(red.lines.join('\n')).not.toMatch(/\[error\]/);
});
