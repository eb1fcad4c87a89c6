import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { audioForm } from '../../nodes/audio-source/audioSettings.js';
import { enrollForm } from '../../nodes/enroll-speaker/enroll-speaker.js';
import { identifyForm } from '../../nodes/identify-speakers/identifySettings.js';
import { readSettings, type SettingsForm } from '../../nodes/shared/settings.js';
import { storeForm } from '../../nodes/speaker-store/storeSettings.js';
import { widgetForm } from '../../nodes/ui-voices/ui-voices.js';
import { packageRoot } from './nodeRedProcess.js';

type Validate = (this: object, value: unknown, opt?: object) => boolean | string;
interface Definition {
  readonly defaults: Readonly<Record<string, { readonly value: unknown; readonly validate?: Validate }>>;
}

/** The definition that the built HTML of a node hands to the editor, with no dialog open. */
function definitionOf(type: string): Definition {
  const html = readFileSync(join(packageRoot, 'dist/nodes', type, `${type}.html`), 'utf8');
  const code = /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(html)![1]!;
  let registered: Definition | undefined;
  const RED = {
    _: (key: string) => key,
    editor: { getEditStack: () => [] },
    nodes: { registerType: (_: string, definition: Definition) => (registered = definition) },
    validators: { typedInput: () => () => true },
  };
  runInContext(code, createContext({ RED, $: () => [] }));
  return registered!;
}

const NUMBERS = ['', '0', '1', '5', '64', '65', '127', '128', '1000', '3651', '16000', '65535', '65536', '86401'];
const OTHERS = ['-1', '1.5', '5.0', '1e3', ' 5 ', '0x10', 'abc', '5 s', '1,5', 0, 5, 65, null];

/** Numbers of the dialogs, with what must be chosen so that they are used. */
const FIELDS: readonly (readonly [string, SettingsForm<z.ZodType>, object, readonly string[]])[] = [
  ['audio-source', audioForm, { mode: 'file' }, ['startDelayMs']],
  ['audio-source', audioForm, { mode: 'pcm', isRaw: true }, ['rawSampleRateHz', 'rawChannels']],
  ['audio-source', audioForm, { mode: 'rtp' }, ['latencyMs', 'rtpPort', 'rtpClockRateHz', 'rtpPayloadType']],
  ['audio-source', audioForm, { mode: 'sip' }, ['sipPort', 'sipMaxCalls', 'rtpPortMin', 'rtpPortMax']],
  ['enroll-speaker', enrollForm, {}, ['track', 'channel', 'queueLimit']],
  [
    'identify-speakers',
    identifyForm,
    { output: 'whole' },
    ['track', 'channel', 'queueLimit', 'speakerCount', 'maxSpeakers'],
  ],
  ['identify-speakers', identifyForm, { output: 'live' }, ['presenceWindowSeconds']],
  ['ui-voices', widgetForm, { view: 'timeline' }, ['spanSeconds']],
  [
    'speaker-store',
    storeForm,
    { isGrpcOn: true, strangers: 'days' },
    ['workerThreads', 'unknownVoiceDays', 'grpcPort'],
  ],
];

test.each([
  ['audio-source', audioForm, {}],
  ['identify-speakers', identifyForm, { output: 'auto' }], // nodes of older flows keep what they did
  ['speaker-store', storeForm, {}],
  ['ui-voices', widgetForm, {}],
] as const)(
  '%s: a new node of the dialog has the settings of a node without any',
  (type, form: SettingsForm<z.ZodType>, chosen) => {
    const { defaults } = definitionOf(type);
    const stored = Object.fromEntries(Object.entries(defaults).map(([name, { value }]) => [name, value]));
    expect(readSettings(form, stored)).toEqual(readSettings(form, chosen));
  },
);

describe.each(FIELDS)('%s', (type, form, choice, properties) => {
  const definition = definitionOf(type);
  const defaults = Object.fromEntries(Object.entries(definition.defaults).map(([name, { value }]) => [name, value]));
  const settings = { ...defaults, ...choice };
  const isAccepted = (stored: object) => {
    try {
      readSettings(form, stored);
      return true;
    } catch {
      return false;
    }
  };

  test.each(properties)('the dialog accepts for %s what the node accepts, and says what is wrong', (property) => {
    const validate = definition.defaults[property]!.validate!;
    expect(validate).toHaveLength(2); // else Node-RED hides the message
    const node = { id: 'node', type, _def: definition, ...settings };
    for (const value of [...NUMBERS, ...OTHERS]) {
      const isValid = isAccepted({ ...settings, [property]: value });
      const name = `${property} = ${JSON.stringify(value)}`;
      expect(validate.call(node, value, undefined), name).toBe(isValid);
      expect(typeof validate.call(node, value, {}), name).toBe(isValid ? 'boolean' : 'string');
    }
    expect(validate.call(node, `\${${property.toUpperCase()}}`, {})).toBe(true);
  });
});
