import { expect, test } from 'vitest';
import { parseBrokerUrl } from '../../src/mqtt/brokerSettings.js';
import { parseCommand, requestIdOf } from '../../src/mqtt/commands.js';

const parsed = (text: string) => parseCommand(new TextEncoder().encode(text));

test('commands are read as the nodes read them', () => {
  expect(parsed('{"action":"enroll","speakerId":"alice","name":"Alice","cluster":"unknown-1","id":"7"}')).toEqual({
    ...{ action: 'enroll', speakerId: 'alice', name: 'Alice', cluster: 'unknown-1', id: '7' },
  });
  expect(parsed('{"action":"enroll","speaker_id":"alice","speaker":"Alice"}')).toMatchObject({ name: 'Alice' });
  expect(parsed(' Stop ')).toEqual({ action: 'stop' });
  expect(parsed('{"action":"start","source":"hall"}')).toEqual({ action: 'start', source: 'hall' });
});

test.each([
  ['nothing', ''],
  ['no JSON', '{"action":'],
  ['a list', '["stop"]'],
  ['no action', '{}'],
  ['an action of nobody', '{"action":"erase"}'],
  ['nobody to enrol', '{"action":"enroll"}'],
  ['a number for a name', '{"action":"enroll","speakerId":"a","name":7}'],
  ['a long id', `{"action":"stop","id":"${'x'.repeat(65)}"}`],
  ['members that are none', '{"action":"stop","__proto__":{"x":1},"more":1}'],
  ['too many bytes', `{"action":"stop","id":"${'x'.repeat(5_000)}"}`],
])('%s is refused, without its text', (_name, text) => {
  expect(() => parsed(text)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
});

test('what is missing or not known is named', () => {
  expect(() => parsed('{"action":"enroll"}')).toThrow(/speakerId is missing/);
  expect(() => parsed('{}')).toThrow(/action must be one of enroll, feedback, undo, start, stop, announce, remove/);
});

test('the id of a command is known whatever else is wrong with it', () => {
  const idOf = (text: string) => requestIdOf(new TextEncoder().encode(text));
  expect(idOf('{"action":"fly","id":"7","more":1}')).toBe('7');
  for (const text of ['stop', '{"id":7}', '{"id":', `{"id":"${'x'.repeat(65)}"}`, 'null', '[]']) {
    expect(idOf(text)).toBeUndefined();
  }
});

test('an address of a broker holds no user and no password, and an error never quotes it', () => {
  expect(parseBrokerUrl('mqtt://broker.local')).toBe('mqtt://broker.local');
  expect(parseBrokerUrl('mqtts://[::1]:8884/')).toBe('mqtts://[::1]:8884');
  expect(parseBrokerUrl('wss://broker.local/mqtt')).toBe('wss://broker.local/mqtt');
  for (const text of ['mqtt://user:secret@broker', 'mqtts://user@broker']) {
    expect(() => parseBrokerUrl(text)).toThrow(expect.objectContaining({ code: 'CREDENTIALS_IN_URL' }));
  }
  for (const text of ['broker', 'http://broker', 'mqtt://', 'mqtt://broker/topic', 'mqtt://broker?user=secret']) {
    expect(() => parseBrokerUrl(text)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
    expect(() => parseBrokerUrl(text)).not.toThrow(/secret/);
  }
});
