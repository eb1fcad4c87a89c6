import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { audioForm } from '../../nodes/audio-source/audioSettings.js';
import { enrollForm } from '../../nodes/enroll-speaker/enroll-speaker.js';
import { identifyForm } from '../../nodes/identify-speakers/identifySettings.js';
import { migrate, readSettings, type SettingsForm } from '../../nodes/shared/settings.js';
import { registryForm } from '../../nodes/speaker-registry/speaker-registry.js';
import { storeForm } from '../../nodes/speaker-store/storeSettings.js';

type AnyForm = SettingsForm<z.ZodType>;
const forms: readonly { readonly name: string; readonly form: AnyForm }[] = [
  { name: 'speaker-store', form: storeForm },
  { name: 'audio-source', form: audioForm },
  { name: 'enroll-speaker', form: enrollForm },
  { name: 'identify-speakers', form: identifyForm },
  { name: 'speaker-registry', form: registryForm },
];

describe.each(forms)('$name', ({ form }) => {
  test('settings without a version, as a program writes them, get what they lack', () => {
    expect(readSettings(form, { id: 'a' })).toBeTypeOf('object');
  });

  test('settings of a newer release are refused and not guessed', () => {
    expect(() => readSettings(form, { version: form.migrations.length + 1 })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('newer release') }),
    );
  });
});

test('migrations run from the stored version on, in order', () => {
  const steps = ['a', 'b', 'c'].map((name) => (stored: Readonly<Record<string, unknown>>) => ({
    ...stored,
    log: `${stored.log ?? ''}${name}`,
  }));
  expect(migrate(steps, {}).log).toBe('abc');
  expect(migrate(steps, { version: 2 }).log).toBe('c');
  expect(migrate(steps, { version: '3' }).log).toBeUndefined();
});

test('a default never replaces what is stored, an empty text included', () => {
  const { property, speakerId, consentType } = readSettings(enrollForm, { speakerId: '', property: 'audio' });
  expect({ property, speakerId, consentType }).toEqual({ property: 'audio', speakerId: '', consentType: 'str' });
});

test.each([
  {
    name: 'numbers that came as text',
    stored: { falseAcceptPercent: '0.1', workerThreads: '2' },
    read: { falseAcceptPercent: 0.1, workerThreads: 2 },
  },
  {
    name: 'empty fields',
    stored: { falseAcceptPercent: '', workerThreads: '' },
    read: { falseAcceptPercent: 1, workerThreads: undefined },
  },
  { name: 'a checkbox from an environment variable', stored: { isRestOn: 'true' }, read: { isRestOn: true } },
  { name: 'settings of version 1', stored: {}, read: { keepAudio: false, strangers: 'session' } },
  { name: 'no days', stored: { unknownVoiceDays: '0' }, read: { strangers: 'session' } },
  {
    name: 'days of version 3',
    stored: { version: 3, unknownVoiceDays: '7' },
    read: { strangers: 'days', unknownVoiceDays: 7 },
  },
  { name: 'a path without slash', stored: { isRestOn: true, restPath: 'api/' }, read: { restPath: '/api' } },
  { name: 'an empty path', stored: { isRestOn: true, restPath: '' }, read: { restPath: '/voice-prints' } },
  { name: 'the root', stored: { isRestOn: true, restPath: '/' }, read: { restPath: '/' } },
])('speaker-store reads $name', ({ stored, read }) => {
  expect(readSettings(storeForm, { version: 1, ...stored, folder: '', model: '' })).toMatchObject(read);
});

test.each<{ name: string; form: AnyForm; stored: object }>([
  { name: 'a wildcard in the site', form: identifyForm, stored: { output: 'turns', site: 'a/#' } },
  { name: 'a preset that does not exist', form: identifyForm, stored: { falseAcceptPercent: '2' } },
  { name: 'a queue of nothing', form: identifyForm, stored: { queueLimit: '0' } },
  { name: 'a rate in words', form: audioForm, stored: { isRaw: true, rawSampleRateHz: 'fast' } },
  { name: 'threads without end', form: storeForm, stored: { workerThreads: '1000' } },
])('refuses $name', ({ form, stored }) => {
  expect(() => readSettings(form, stored)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

test.each([
  {
    name: 'several numbers',
    form: audioForm,
    stored: { mode: 'rtp', rtpPort: '70000', latencyMs: '1.5', rtpPayloadType: 'x' },
    says: 'latencyMs must be a whole number; rtpPort must be at most 65535; rtpPayloadType must be a number; correct it',
  },
  { name: 'a choice', form: audioForm, stored: { mode: 'tape' }, says: 'mode must be one of file, message, rtsp' },
  {
    name: 'a preset',
    form: storeForm,
    stored: { falseAcceptPercent: '3' },
    says: 'falseAcceptPercent must be one of 0.1, 1, 5; correct it',
  },
  {
    name: 'a topic',
    form: identifyForm,
    stored: { output: 'turns', site: 'a#' },
    says: 'site must not contain # or +; correct it',
  },
] as { name: string; form: AnyForm; stored: object; says: string }[])(
  'what is wrong with $name is a sentence, without the words of the schema library',
  ({ form, stored, says }) => {
    const read = () => readSettings(form, stored);
    expect(read).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(says) }));
    expect(read).not.toThrow(/✖|→|Invalid|expected|received/);
  },
);

test.each([
  { form: audioForm, stored: { mode: 'message', sipPort: 'x', rtpPort: 'x', rawChannels: '0', startDelayMs: '-1' } },
  { form: identifyForm, stored: { output: 'whole', site: 'a#', topicBase: '+', presenceWindowSeconds: '0' } },
  { form: storeForm, stored: { grpcPort: 'x' } },
] as { form: AnyForm; stored: object }[])(
  'a field that the choices leave without use is not wrong',
  ({ form, stored }) => {
    expect(readSettings(form, stored)).toBeTypeOf('object');
  },
);

test('settings written by hand with a version get defaults for every choice', () => {
  expect(readSettings(audioForm, { version: 2, file: 'a.wav', fileType: 'str' })).toMatchObject({
    mode: 'file',
    emits: 'reference',
    several: 'each',
  });
  expect(readSettings(identifyForm, { version: 2 })).toMatchObject({ output: 'whole' });
});
