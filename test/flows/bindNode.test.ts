import { EventEmitter } from 'node:events';
import type { Node, NodeAPI } from 'node-red';
import { expect, test, vi } from 'vitest';
import { bindNode, type Handler } from '../../nodes/shared/bindNode.js';
import { VoicePrintsError } from '../../src/index.js';

/** Node-RED's side of the contract: listeners, a badge, and one `done` a message. */
function bound(handle: Handler, queueLimit = 20) {
  const emitter = new EventEmitter();
  const status = vi.fn();
  const error = vi.fn();
  const node = Object.assign(emitter, { id: 'n1', status, error }) as unknown as Node;
  const events = new EventEmitter();
  const nodes = { getNode: (id: string) => (id === 'n1' ? node : null) };
  bindNode({ events, nodes } as unknown as NodeAPI, node, handle, { queueLimit });
  const receive = (msg: object) => {
    const done = vi.fn();
    const finished = new Promise<Error | undefined>((resolve) => {
      emitter.emit('input', msg, vi.fn(), (error?: Error) => {
        done();
        resolve(error);
      });
    });
    return { done, finished };
  };
  const close = (isRemoved: boolean) => new Promise<void>((resolve) => emitter.emit('close', isRemoved, resolve));
  return { receive, close, status, error, deployed: () => events.emit('flows:started') };
}

test('a handler that throws at once, rejects, or throws something odd ends in done with a typed error, once', async () => {
  const thrown: unknown[] = [
    new VoicePrintsError('AUDIO_EMPTY', 'no audio; send some'),
    new TypeError('odd'),
    'a text',
  ];
  const codes = [];
  for (const what of thrown) {
    for (const handle of [
      () => Promise.reject(what),
      () => {
        throw what;
      },
    ] as Handler[]) {
      const { receive } = bound(handle);
      const { done, finished } = receive({});
      codes.push(((await finished) as VoicePrintsError).code);
      await new Promise(setImmediate);
      expect(done).toHaveBeenCalledTimes(1);
    }
  }
  expect(codes).toEqual(['AUDIO_EMPTY', 'AUDIO_EMPTY', 'INTERNAL', 'INTERNAL', 'INTERNAL', 'INTERNAL']);
});

test('messages are handled one at a time, in order', async () => {
  const log: string[] = [];
  const { receive } = bound(async (msg) => {
    log.push(`${msg.topic} begins`);
    await new Promise(setImmediate);
    log.push(`${msg.topic} ends`);
  });
  await Promise.all([receive({ topic: 'a' }).finished, receive({ topic: 'b' }).finished]);
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

test('a full queue refuses the newest message and keeps the others', async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { receive } = bound(() => gate, 1);
  const first = receive({});
  const second = receive({});
  const third = receive({});
  expect(((await third.finished) as VoicePrintsError).code).toBe('ENGINE_BUSY');
  release();
  expect(await Promise.all([first.finished, second.finished])).toEqual([undefined, undefined]);
});

/** Ends by an abort only. */
const untilAborted: Handler = (_msg, _send, signal) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('gone'))));

test('a node that is removed aborts what runs, ends what waits, then clears the badge', async () => {
  const { receive, close, status } = bound(untilAborted);
  const running = receive({});
  const waiting = receive({});
  await close(true);
  const codes = (await Promise.all([running.finished, waiting.finished])).map(
    (error) => (error as VoicePrintsError).code,
  );
  expect(codes).toEqual(['ABORTED', 'ABORTED']);
  expect(status).toHaveBeenLastCalledWith({});
});

test('what a deploy cuts off is reported once all flows run again, with its message', async () => {
  const { receive, close, error, deployed } = bound(untilAborted);
  const [running, waiting] = [{ topic: 'a' }, { topic: 'b' }];
  receive(running);
  receive(waiting);
  await close(false);
  expect(error).not.toHaveBeenCalled();
  deployed();
  deployed();
  expect(error.mock.calls.map(([failure, msg]) => [failure.code, msg])).toEqual([
    ['ABORTED', running],
    ['ABORTED', waiting],
  ]);
});
