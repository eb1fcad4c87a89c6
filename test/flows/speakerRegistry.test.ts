import type { NodeMessage } from 'node-red';
import { describe, expect, test } from 'vitest';
import type { FeedbackResult, Identification, RememberedTurn, SpeakerSample, SpeakerSummary } from '../../src/index.js';
import { enrolNodes, failures, out, VoiceFlow, whole } from './voiceFlow.js';

const on = VoiceFlow.use();

describe('speaker-registry', () => {
  const registry = {
    id: 'registry',
    type: 'speaker-registry',
    version: 1,
    store: 'store',
    action: 'action',
    actionType: 'msg',
    speakerId: 'speakerId',
    speakerIdType: 'msg',
    newName: 'speakerName',
    newNameType: 'msg',
    wires: [['out']],
  };
  const ask = async (msg: NodeMessage): Promise<unknown> => {
    const next = on.flow.next('out');
    on.flow.node('registry').receive(msg);
    return (await next).payload;
  };

  test('lists, renames, exports, erases, imports', async () => {
    await on.flow.load([...enrolNodes, registry, out, ...failures], { registry: { passphrase: 'a long passphrase' } });
    await on.enrolBoth();
    const people = (await ask({ action: 'list' })) as SpeakerSummary[];
    expect(people.map(({ speakerId, isComplete }) => [speakerId, isComplete])).toEqual([
      ['ray', true],
      ['sally', true],
    ]);
    expect(people[1]!.consent?.text).toBe('said yes');
    const first = on.flow.next('out');
    on.flow.node('registry').receive({ action: 'list', limit: 1 } as NodeMessage);
    expect(await first).toMatchObject({ payload: [{ speakerId: 'ray' }], cursor: 'ray' });
    const last = on.flow.next('out');
    on.flow.node('registry').receive({ action: 'list', limit: '1', cursor: 'ray' } as NodeMessage);
    expect(await last).toMatchObject({ payload: [{ speakerId: 'sally' }], cursor: null });
    const bad = await on.failureOf(() =>
      on.flow.node('registry').receive({ action: 'list', limit: 'x' } as NodeMessage),
    );
    expect(bad.code).toBe('INPUT_INVALID');
    expect(await ask({ action: 'rename', speakerId: 'ray', speakerName: 'Raymond' })).toMatchObject({
      name: 'Raymond',
    });
    expect(await ask({ action: 'get', speakerId: 'ray' })).toMatchObject({ name: 'Raymond' });
    const backup = (await ask({ action: 'export' })) as Buffer;
    expect(Buffer.isBuffer(backup)).toBe(true);
    expect(backup.includes('Raymond')).toBe(false);
    expect(await ask({ action: 'delete', speakerId: 'ray' })).toEqual({ speakerId: 'ray', isDeleted: true });
    expect(await ask({ action: 'delete', speakerId: 'ray' })).toEqual({ speakerId: 'ray', isDeleted: false });
    expect((await on.failureOf(() => on.flow.node('registry').receive({ action: 'get', speakerId: 'ray' }))).code).toBe(
      'SPEAKER_NOT_FOUND',
    );
    const taken = await on.failureOf(() => on.flow.node('registry').receive({ action: 'import', payload: backup }));
    expect(taken.code).toBe('SPEAKER_EXISTS');
    await ask({ action: 'delete', speakerId: 'sally' });
    expect(
      ((await ask({ action: 'import', payload: backup })) as SpeakerSummary[]).map(({ name }) => name).sort(),
    ).toEqual(['Raymond', 'Sally']);
  });

  test('turns are listed, corrected and taken back; samples are listed, people merged and split', async () => {
    await on.flow.load([...enrolNodes, whole, registry, out, ...failures]);
    await on.enrolBoth();
    const answered = on.flow.next('out');
    on.flow.node('identify').receive({ payload: on.audio.talk });
    const { segments, conversationId } = (await answered).payload as Identification;
    const turns = (await ask({ action: 'turns', payload: { conversationId } })) as RememberedTurn[];
    expect(turns.map(({ turnId }) => turnId).sort()).toEqual(segments.map(({ turnId }) => turnId).sort());
    const { turnId } = segments.find(({ speakerId }) => speakerId === 'sally')!;
    const given = (await ask({ action: 'feedback', payload: { turnId, verdict: 'confirm' } })) as FeedbackResult;
    expect(given).toMatchObject({ verdict: 'confirm', speakerId: 'sally', name: 'Sally' });
    const { feedbackId } = given;
    expect(await ask({ action: 'undo', payload: { feedbackId } })).toMatchObject({ isUndone: true });
    const merged = await ask({
      action: 'merge',
      speakerId: 'sally',
      payload: { fromId: 'ray', isSure: true },
    } as never);
    expect(merged).toMatchObject({ speakerId: 'sally', samples: 2 });
    const samples = (await ask({ action: 'samples', speakerId: 'sally' })) as SpeakerSample[];
    const split = { sampleIds: [samples[1]!.sampleId], speakerId: 'ray', name: 'Ray', consent: 'yes' };
    expect(await ask({ action: 'split', speakerId: 'sally', payload: split } as never)).toMatchObject({ name: 'Ray' });
    const wrong: readonly (readonly [object, string])[] = [
      [{ action: 'feedback', payload: { turnId } }, 'INPUT_INVALID'],
      [{ action: 'feedback', payload: { turnId: {}, verdict: 'confirm' } }, 'INPUT_INVALID'],
      [{ action: 'feedback' }, 'INPUT_INVALID'],
      [{ action: 'undo', payload: { feedbackId } }, 'FEEDBACK_NOT_FOUND'],
      [{ action: 'turns', payload: { tier: 'sure' } }, 'INPUT_INVALID'],
      [{ action: 'turns', payload: { limit: 'x' } }, 'INPUT_INVALID'],
      [{ action: 'merge', speakerId: 'sally', payload: {} }, 'INPUT_INVALID'],
      [{ action: 'split', speakerId: 'sally', payload: { speakerId: 'x', sampleIds: 'y' } }, 'INPUT_INVALID'],
    ];
    for (const [msg, code] of wrong)
      expect([msg, (await on.failureOf(() => on.flow.node('registry').receive(msg as never))).code]).toEqual([
        msg,
        code,
      ]);
  });

  test('an export without a passphrase, and an unknown action, are refused', async () => {
    await on.flow.load([registry, out, ...failures]);
    expect((await on.failureOf(() => on.flow.node('registry').receive({ action: 'export' }))).code).toBe(
      'CONFIG_INVALID',
    );
    expect((await on.failureOf(() => on.flow.node('registry').receive({ action: 'explode' }))).code).toBe(
      'INPUT_INVALID',
    );
    expect((await on.failureOf(() => on.flow.node('registry').receive({}))).code).toBe('INPUT_INVALID');
  });
});

describe('speaker-store', () => {
  test('what was enrolled is there after a redeploy, encrypted with the key', async () => {
    const key = { store: { encryptionKey: 'correct horse' } };
    await on.flow.load(enrolNodes, key);
    await on.enrolBoth();
    await on.flow.stop();
    await on.flow.load([...enrolNodes, whole, out], key);
    const next = on.flow.next('out');
    on.flow.node('identify').receive({ payload: on.audio.talk });
    expect(((await next).payload as Identification).segments.map(({ name }) => name)).toContain('Sally');
    await on.flow.stop();
    await on.flow.load([whole, out, ...failures], { store: { encryptionKey: 'wrong horse!' } });
    const failure = await on.failureOf(() => on.flow.node('identify').receive({ payload: on.audio.talk }));
    expect(failure.code).toBe('REGISTRY_KEY_WRONG');
  });
});
