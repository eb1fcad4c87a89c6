import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { speak, TEXTS } from '../support/fliteVoices.js';
import { NodeRedProcess } from './nodeRedProcess.js';

// What becomes of messages at a full deploy, which stops the Catch nodes as well, in a Node-RED of its own.

let red: NodeRedProcess;
beforeAll(async () => {
  red = await NodeRedProcess.start();
});
afterAll(() => red?.[Symbol.asyncDispose]());

const says = (id: string, func: string) => ({ id, type: 'function', z: 'tab', func, outputs: 0, wires: [] });

test('a message that a full deploy cuts off reaches the Catch node of the flows that run then', async () => {
  const long = join(red.userDir, 'long.wav');
  execFileSync('sox', [speak('slt', TEXTS[0], red.userDir, 'short.wav'), long, 'repeat', '40']);
  const flow = [
    { id: 'tab', type: 'tab', label: 'test' },
    { id: 'store', type: 'speaker-store' },
    { id: 'source', type: 'audio-source', z: 'tab', mode: 'file', file: long, wires: [['identify']] },
    { id: 'identify', type: 'identify-speakers', z: 'tab', store: 'store', output: 'whole', wires: [[]] },
    { id: 'badges', type: 'status', z: 'tab', scope: ['identify'], wires: [['badge']] },
    says('badge', 'node.warn("badge " + msg.status.text);'),
    { id: 'catcher', type: 'catch', z: 'tab', scope: null, wires: [['caught']] },
    says('caught', 'node.warn(["caught", msg.error.code, msg.audio.filename].join(" "));'),
  ];
  await red.deploy(flow);
  await fetch(`${red.url}/voice-prints/audio-source/source`, { method: 'POST' });
  await red.line(/badge identifying \d+ %/);
  const before = red.lines.length;
  await red.deploy(flow);
  expect(await red.line(/caught/, before)).toContain('caught ABORTED long.wav');
});
