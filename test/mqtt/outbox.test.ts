import { expect, test } from 'vitest';
import { Outbox, type Outgoing } from '../../src/mqtt/outbox.js';

const message = (topic: string, about: Partial<Outgoing> = {}): Outgoing => ({
  topic,
  payload: topic,
  qos: 1,
  retain: false,
  ...about,
});

const drained = (outbox: Outbox): string[] => {
  const topics: string[] = [];
  for (let next = outbox.next(100); next; next = outbox.next(100)) topics.push(`${next.topic}=${next.payload}`);
  return topics;
};

test('messages are sent in order, and again after a lost connection until they are acknowledged', () => {
  const outbox = new Outbox({ maxMessages: 10, maxBytes: 1_000 });
  for (const topic of ['a', 'b', 'c']) outbox.push(message(topic));
  const [a, b] = [outbox.next(2)!, outbox.next(2)!];
  expect(outbox.next(2), 'two may be under way').toBeUndefined();
  outbox.done(b); // acknowledgements may come in any order
  expect(outbox.next(2)!.topic).toBe('c');
  outbox.rewind();
  expect(drained(outbox)).toEqual(['a=a', 'c=c']);
  outbox.done(a);
  expect(outbox.size).toBe(1);
});

test('without room the oldest event is lost and counted; the state of a topic is kept once', () => {
  const outbox = new Outbox({ maxMessages: 3, maxBytes: 1_000 });
  outbox.push(message('state', { retain: true, payload: 'old' }));
  for (const topic of ['1', '2', '3']) outbox.push(message(topic));
  outbox.push(message('state', { retain: true, payload: 'new' }));
  outbox.push(message('4'));
  expect([outbox.size, outbox.lost]).toEqual([4, 1]);
  expect(drained(outbox)).toEqual(['2=2', '3=3', 'state=new', '4=4']);
});

test('a large message makes room for itself by bytes; what is of the moment does not outlive a connection', () => {
  const outbox = new Outbox({ maxMessages: 100, maxBytes: 50 });
  for (const topic of ['1', '2']) outbox.push(message(topic, { payload: 'x'.repeat(20) }));
  outbox.push(message('3', { payload: 'x'.repeat(20) }));
  expect([outbox.size, outbox.lost]).toEqual([2, 1]);
  outbox.push(message('guess', { qos: 0, payload: '' }));
  outbox.rewind();
  expect(drained(outbox).map((text) => text[0])).toEqual(['2', '3']);
  expect(outbox.lost).toBe(1);
});
