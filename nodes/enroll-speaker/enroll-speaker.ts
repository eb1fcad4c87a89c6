import type { Node, NodeAPI, NodeDef, NodeMessageInFlow, NodeStatus } from 'node-red';
import { z } from 'zod';
import { present } from '../../src/core/present.js';
import { type EnrollResult, VoicePrintsError } from '../../src/index.js';
import { isPathBefore, mayNameFiles, recordingShape, selected } from '../shared/audioSelection.js';
import { badge, shorten } from '../shared/badge.js';
import { bindNode, DEFAULT_QUEUE_LIMIT, type Send } from '../shared/bindNode.js';
import { liveInputScreen } from '../shared/liveInput.js';
import { recordingsOf, workingDirectoryOf } from '../shared/recordingsOf.js';
import { checkbox, field, type SettingsForm, text, trySettings, withDefaults } from '../shared/settings.js';
import { evaluate, evaluateText, located } from '../shared/typedProperty.js';
import { storeOf, useStore } from '../speaker-store/storeOf.js';

const LIVE_REMEDY =
  'let the source read a file or audio in messages, or enrol an unknown voice at an identify speakers node with {action: "enroll"}';

const schema = z.object({
  store: text,
  property: text,
  propertyType: text,
  speakerId: text,
  speakerIdType: text,
  speakerName: text,
  speakerNameType: text,
  consent: text,
  consentType: text,
  consentVersion: text,
  isPath: checkbox.describe('Text and {path} in messages name files on this machine'),
  ...recordingShape,
  resultProperty: field(z.string().default('payload')),
  queueLimit: field(z.coerce.number().int().min(1).max(10_000).default(DEFAULT_QUEUE_LIMIT)),
});
type Settings = z.output<typeof schema>;

/** Settings of enroll-speaker and how older ones are brought up to date. */
export const enrollForm: SettingsForm<typeof schema> = {
  schema,
  migrations: [
    withDefaults({
      property: 'payload',
      propertyType: 'msg',
      speakerId: 'speakerId',
      speakerIdType: 'msg',
      speakerName: 'speakerName',
      speakerNameType: 'msg',
      consent: '',
      consentType: 'str',
    }),
    (stored) => withDefaults({ isPath: isPathBefore(stored) })(stored),
  ],
};

/** Adds samples to a person's voiceprint. First output: accepted or complete; second: refused, with the reasons. */
export default function register(RED: NodeAPI): void {
  function EnrollSpeaker(this: Node, def: NodeDef): void {
    RED.nodes.createNode(this, def);
    const read = trySettings(enrollForm, def, this);
    if ('failure' in read) {
      bindNode(RED, this, () => Promise.reject(read.failure));
      return;
    }
    const { settings } = read;
    let queued = 0;
    const showWork = (): void => {
      const key = queued > 0 ? 'queued' : 'enrolling';
      this.status(badge('blue', 'dot', RED._(`enroll-speaker.status.${key}`, { queued })));
    };
    const handle = async (msg: NodeMessageInFlow, send: Send, signal: AbortSignal): Promise<void> => {
      showWork();
      const result = await enroll(RED, this, settings, msg, signal);
      this.status(resultBadge(RED, result));
      RED.util.setMessageProperty(msg, settings.resultProperty, result, true);
      send(result.status === 'rejected' ? [null, msg] : [msg, null]);
    };
    const onWaiting = (waiting: number): void => {
      queued = waiting;
      showWork();
    };
    const binding = bindNode(RED, this, handle, {
      queueLimit: settings.queueLimit,
      onWaiting,
      screen: liveInputScreen(LIVE_REMEDY),
    });
    useStore(RED, this, settings.store, binding);
  }
  RED.nodes.registerType('enroll-speaker', EnrollSpeaker);
}

async function enroll(
  RED: NodeAPI,
  node: Node,
  settings: Settings,
  msg: NodeMessageInFlow,
  signal: AbortSignal,
): Promise<EnrollResult> {
  const id = { value: settings.speakerId, type: settings.speakerIdType };
  const speakerId = await evaluateText(RED, node, id, msg, 'the speaker id');
  if (speakerId === undefined) {
    throw new VoicePrintsError(
      'SPEAKER_ID_INVALID',
      `${located(id)} is empty; it must name the person, for example alice`,
    );
  }
  const name = await evaluateText(
    RED,
    node,
    { value: settings.speakerName, type: settings.speakerNameType },
    msg,
    'the name',
  );
  const consent = { value: settings.consent, type: settings.consentType };
  const consentText = await evaluateText(RED, node, consent, msg, 'the consent');
  const audio = { value: settings.property, type: settings.propertyType };
  const isPath = mayNameFiles(audio, settings.isPath);
  const options = { workingDirectory: workingDirectoryOf(RED), property: located(audio), isPath };
  const given = recordingsOf(await evaluate(RED, node, audio, msg), msg, options);
  const samples = given.map((sample) => selected(sample, settings));
  const engine = await storeOf(RED, settings.store).engine();
  const consentVersion = settings.consentVersion.trim() || undefined;
  return engine.enroll(
    { speakerId, samples, ...(name && { name }), ...(consentText && present({ consentText, consentVersion })) },
    { signal },
  );
}

function resultBadge(RED: NodeAPI, { status, name, speechSeconds, reasons }: EnrollResult): NodeStatus {
  if (status === 'complete') return badge('green', 'dot', shorten(`${name} ✓`));
  if (status === 'accepted') {
    const seconds = Math.floor(speechSeconds);
    return badge('yellow', 'dot', RED._('enroll-speaker.status.accepted', { seconds }));
  }
  const reason = reasons.find(({ refuses }) => refuses)?.code ?? 'OTHER';
  return badge('red', 'dot', `enroll-speaker.reasons.${reason}`);
}
