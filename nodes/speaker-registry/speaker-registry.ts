import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from 'node-red';
import { z } from 'zod';
import { v1Job } from '../../src/api/v1/jobAnswers.js';
import { type SpeakerDirectory, VoicePrintsError } from '../../src/index.js';
import { badge } from '../shared/badge.js';
import { bindNode, type Send } from '../shared/bindNode.js';
import { bytesOf } from '../shared/recordingsOf.js';
import { checkbox, type SettingsForm, text, trySettings, withDefaults } from '../shared/settings.js';
import { evaluateIds, evaluateText, located } from '../shared/typedProperty.js';
import { storeOf, useStore } from '../speaker-store/storeOf.js';
import { CORRECTIONS, type Correction, correct, isCorrection } from './corrections.js';

const BASIC_ACTIONS = ['list', 'get', 'rename', 'delete', 'export', 'import', 'unknowns', 'forget'] as const;
const ACTIONS = [...BASIC_ACTIONS, ...CORRECTIONS] as const;
type Action = (typeof ACTIONS)[number];
/** With this action the node answers no messages: it sends one itself when a job has ended. */
const JOBS_ACTION = 'jobs';

const schema = z.object({
  store: text,
  action: text,
  actionType: text,
  speakerId: text,
  speakerIdType: text,
  newName: text,
  newNameType: text,
  isReplacing: checkbox,
});
type Settings = z.output<typeof schema>;

interface Credentials {
  readonly passphrase?: string;
}
type RegistryNode = Node<Credentials>;

/** Settings of speaker-registry and how older ones are brought up to date. */
export const registryForm: SettingsForm<typeof schema> = {
  schema,
  migrations: [
    withDefaults({
      action: 'list',
      actionType: 'action',
      speakerId: 'speakerId',
      speakerIdType: 'msg',
      newName: 'speakerName',
      newNameType: 'msg',
    }),
    // The editor takes the number of input ports from this property.
    withDefaults({ inputs: 1 }),
  ],
};

/** Lists, shows, renames and erases enrolled people; writes and reads encrypted exports; forgets unknown voices; corrects turns and voiceprints; sends outcomes of jobs. */
export default function register(RED: NodeAPI): void {
  function SpeakerRegistry(this: RegistryNode, def: NodeDef): void {
    RED.nodes.createNode(this, def);
    const read = trySettings(registryForm, def, this);
    if ('failure' in read) {
      bindNode(RED, this, () => Promise.reject(read.failure));
      return;
    }
    const { settings } = read;
    const binding = bindNode(RED, this, async (msg: NodeMessageInFlow, send: Send) => {
      const action = await actionOf(RED, this, settings, msg);
      const engine = await storeOf(RED, settings.store).engine();
      msg.payload = isCorrection(action)
        ? await correct(action, msg, engine, () => oneIdOf(RED, this, settings, msg))
        : await act(RED, this, settings, msg, action, engine.speakers());
      this.status(badge('green', 'dot', `speaker-registry.status.${action}`));
      send(msg);
    });
    if (useStore(RED, this, settings.store, binding)) sendJobOutcomes(RED, this, settings);
  }
  RED.nodes.registerType('speaker-registry', SpeakerRegistry as never, {
    credentials: { passphrase: { type: 'password' } },
  });
}

/** One message for each job of the store that is done or failed, until the node closes. */
function sendJobOutcomes(RED: NodeAPI, node: Node, { action, actionType, store }: Settings): void {
  if (actionType !== 'action' || action !== JOBS_ACTION) return;
  const stop = storeOf(RED, store).onJob((job) => {
    node.status(badge('green', 'dot', 'speaker-registry.status.jobs'));
    node.send({ topic: job.requestId, payload: v1Job(job) });
  });
  node.on('close', () => stop());
}

async function actionOf(RED: NodeAPI, node: Node, settings: Settings, msg: NodeMessageInFlow): Promise<Action> {
  const property = { value: settings.action, type: settings.actionType };
  const isFixed = settings.actionType === 'action';
  const word = isFixed ? settings.action : await evaluateText(RED, node, property, msg, 'the action');
  const action = ACTIONS.find((known) => known === word?.toLowerCase());
  if (action) return action;
  const where = isFixed ? 'the action in the settings' : located(property);
  throw new VoicePrintsError('INPUT_INVALID', `${where} must be one of ${ACTIONS.join(', ')}`);
}

async function act(
  RED: NodeAPI,
  node: RegistryNode,
  settings: Settings,
  msg: NodeMessageInFlow,
  action: Exclude<Action, Correction>,
  speakers: SpeakerDirectory,
): Promise<unknown> {
  const id = { value: settings.speakerId, type: settings.speakerIdType };
  const oneId = () => oneIdOf(RED, node, settings, msg);
  switch (action) {
    case 'list':
      return listed(speakers, msg);
    case 'get':
      return found(await speakers.get(await oneId()));
    case 'rename':
      return speakers.rename(await oneId(), await nameOf(RED, node, settings, msg));
    case 'delete': {
      const speakerId = await oneId();
      return { speakerId, isDeleted: await speakers.delete(speakerId) };
    }
    case 'export':
      return Buffer.from(await speakers.export(passphraseOf(node), await evaluateIds(RED, node, id, msg)));
    case 'import':
      return speakers.import(exportIn(msg), passphraseOf(node), { replace: settings.isReplacing });
    case 'unknowns':
      return speakers.unknowns();
    case 'forget': {
      const unknownId = await oneId();
      return { unknownId, isDeleted: await speakers.forgetUnknown(unknownId) };
    }
  }
}

const page = z.object({
  limit: z.coerce.number().int().min(1).max(10_000).optional(),
  cursor: z.string().min(1).max(128).nullish(),
});

/** Everybody, or the page that `msg.limit` and `msg.cursor` ask for; `msg.cursor` is then that of the next one. */
async function listed(speakers: SpeakerDirectory, msg: NodeMessageInFlow & { limit?: unknown; cursor?: unknown }) {
  if (msg.limit === undefined) return speakers.list();
  const asked = page.safeParse({ limit: msg.limit, cursor: msg.cursor });
  if (!asked.success) {
    const message = 'msg.limit must be a number from 1 to 10000, and msg.cursor the one of the page before, if any';
    throw new VoicePrintsError('INPUT_INVALID', message);
  }
  const { limit = 1, cursor } = asked.data;
  const { speakers: people, cursor: next } = await speakers.page({ limit, cursor: cursor ?? undefined });
  msg.cursor = next ?? null;
  return people;
}

async function oneIdOf(RED: NodeAPI, node: Node, settings: Settings, msg: NodeMessageInFlow): Promise<string> {
  const id = { value: settings.speakerId, type: settings.speakerIdType };
  const speakerId = await evaluateText(RED, node, id, msg, 'the speaker id');
  if (speakerId) return speakerId;
  throw new VoicePrintsError('SPEAKER_ID_INVALID', `${located(id)} is empty; it must name the person`);
}

function found<T>(speaker: T | undefined): T {
  if (speaker !== undefined) return speaker;
  throw new VoicePrintsError(
    'SPEAKER_NOT_FOUND',
    'no speaker is enrolled under this id; list the speakers to see the ids',
  );
}

async function nameOf(RED: NodeAPI, node: Node, settings: Settings, msg: NodeMessageInFlow): Promise<string> {
  const property = { value: settings.newName, type: settings.newNameType };
  const name = await evaluateText(RED, node, property, msg, 'the new name');
  if (name) return name;
  throw new VoicePrintsError('INPUT_INVALID', `${located(property)} is empty; it must hold the new name`);
}

function passphraseOf(node: RegistryNode): string {
  const passphrase = node.credentials?.passphrase;
  if (passphrase) return passphrase;
  throw new VoicePrintsError(
    'CONFIG_INVALID',
    'exports are encrypted; open this node and enter a passphrase for export and import',
  );
}

function exportIn(msg: NodeMessageInFlow): Uint8Array {
  const bytes = bytesOf(msg.payload, {});
  if (bytes) return bytes;
  throw new VoicePrintsError(
    'INPUT_INVALID',
    'msg.payload must hold the bytes of an export; a file in node set to "a single Buffer object" reads them',
  );
}
