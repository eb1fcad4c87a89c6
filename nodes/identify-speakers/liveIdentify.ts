import { createRequire } from 'node:module';
import type { Node, NodeAPI, NodeMessage, NodeMessageInFlow, NodeStatus } from 'node-red';
import { homeAssistantStatusTopic, type MqttMessage, type Port, topicsOf } from '../../src/events/index.js';
import { VoicePrintsError } from '../../src/index.js';
import { badge, failureBadge, shorten } from '../shared/badge.js';
import { type Binding, bindNode, LIVE_QUEUE_LIMIT } from '../shared/bindNode.js';
import { feedbackIdOf, feedbackOf } from '../shared/feedbackCommand.js';
import { type Command, commandOf, textOf } from '../shared/liveCommand.js';
import { isLiveInput, liveSourceOf } from '../shared/liveInput.js';
import { type LiveDescription, type StreamLabel, stateOf } from '../shared/liveMessages.js';
import { bytesOf, describe } from '../shared/recordingsOf.js';
import { evaluate, evaluateIds, located } from '../shared/typedProperty.js';
import { storeIfAny, storeOf } from '../speaker-store/storeOf.js';
import type { IdentifySettings } from './identifySettings.js';
import { LiveListening } from './liveListening.js';

const { version } = createRequire(import.meta.url)('@voice-prints/node-red/package.json') as { version: string };

const PORTS: readonly Port[] = ['known', 'others', 'state'];

/** Makes the node listen to live streams only: audio and commands arrive, events, presence and states leave. */
export function bindLiveIdentify(RED: NodeAPI, node: Node, settings: IdentifySettings): Binding {
  const identify = openLiveIdentify(RED, node, settings);
  return bindNode(RED, node, (msg, send) => identify.handle(msg, send), { queueLimit: LIVE_QUEUE_LIMIT });
}

/** The same for a node that takes recordings too. */
export function openLiveIdentify(RED: NodeAPI, node: Node, settings: IdentifySettings): LiveIdentify {
  let isFailed = false;
  const warned = new Set<string>();
  const listening: LiveListening = new LiveListening({
    ...settings,
    presenceWindowMs: 1000 * settings.presenceWindowSeconds,
    discovery: settings.isDiscovered ? { prefix: settings.discoveryPrefix, softwareVersion: version } : undefined,
    engine: async () => storeOf(RED, settings.store).engine(),
    tell: (port, message, stream) =>
      node.send(PORTS.map((known) => (known === port ? outgoing(message, stream) : null))),
    onFailure: (failure, stream) => {
      isFailed = true;
      node.status(failureBadge(failure.code));
      node.error(failure as unknown as string, { audio: stream } as NodeMessage);
    },
    onWarning: ({ code, message }) => {
      if (!warned.has(code)) node.warn(message);
      warned.add(code);
    },
    onChange: () => {
      if (listening.streams > 0) isFailed = false;
      if (!isFailed) node.status(listeningBadge(RED, listening));
    },
  });
  const identify = new LiveIdentify(RED, node, settings, listening);
  const store = storeIfAny(RED, settings.store);
  const stopHearingOfErased = store?.onErased((speakerId) => listening.erase(speakerId));
  const stopReporting = store?.addSources(() => listening.reports());
  node.on('close', (done: () => void) => {
    stopHearingOfErased?.();
    stopReporting?.();
    void listening.close().finally(done);
  });
  return identify;
}

const COMMANDS: readonly string[] = ['enroll', 'feedback', 'undo', 'stop', 'start', 'announce', 'remove', 'offline'];

export class LiveIdentify {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #settings: IdentifySettings;
  readonly #listening: LiveListening;

  constructor(RED: NodeAPI, node: Node, settings: IdentifySettings, listening: LiveListening) {
    this.#RED = RED;
    this.#node = node;
    this.#settings = settings;
    this.#listening = listening;
  }

  async handle(msg: NodeMessageInFlow, send: (msg: Array<NodeMessage | null>) => void): Promise<void> {
    if (this.#isGreeting(msg)) return this.#listening.announce();
    const command = commandOf(msg);
    if (command && (await this.#obey(command, msg, send))) return;
    const about = streamOf(msg);
    const state = stateOf(msg.payload);
    if (state && about) return this.#listening.heardState(state, about);
    const property = { value: this.#settings.property, type: this.#settings.propertyType };
    const value = await evaluate(this.#RED, this.#node, property, msg);
    const bytes = bytesOf(value, describe(msg.audio, 0));
    if (bytes && about) return this.#listening.take(bytes, about, await this.#speakerIds(msg));
    // A live source sends more on its second output: keys of a telephone, lost audio.
    if (bytes || liveSourceOf(msg) === undefined) {
      throw new VoicePrintsError(
        'INPUT_INVALID',
        `this node takes live streams, and ${located(property)} is none; wire both outputs of a live audio source to it, or let it send one message with the whole answer`,
      );
    }
  }

  /** True for audio and states of a live source, and for commands; false for recordings. */
  takes(msg: NodeMessageInFlow): boolean {
    if (isLiveInput(msg) || this.#isGreeting(msg)) return true;
    if (msg.payload instanceof Uint8Array) return false;
    return COMMANDS.includes(commandOf(msg)?.action ?? '');
  }

  /** `online` from the broker node's birth message, or from Home Assistant: they know nothing yet. */
  #isGreeting({ topic, payload }: NodeMessageInFlow): boolean {
    const { topicBase: base, site, discoveryPrefix } = this.#settings;
    const isStatus = topic === homeAssistantStatusTopic(discoveryPrefix) || topic === topicsOf({ base, site }).status;
    return isStatus && typeof payload === 'string' && payload === 'online';
  }

  /** False for text that is not a command here. */
  async #obey(
    command: Command,
    msg: NodeMessageInFlow,
    send: (msg: Array<NodeMessage | null>) => void,
  ): Promise<boolean> {
    const streamId = textOf(command, 'streamId', 'stream_id');
    switch (command.action) {
      case 'enroll':
        send([null, null, { ...msg, ...(await this.#enroll(command)) }]);
        return true;
      case 'feedback':
        send([null, null, { ...msg, ...(await this.#listening.feedback(feedbackOf(command))) }]);
        return true;
      case 'undo':
        send([null, null, { ...msg, ...(await this.#listening.undo(feedbackIdOf(command))) }]);
        return true;
      case 'stop':
        this.#listening.pause(streamId);
        return true;
      case 'start':
        this.#listening.start(streamId);
        return true;
      case 'announce':
        this.#listening.announce();
        return true;
      case 'remove':
        this.#listening.remove();
        return true;
      case 'offline':
        return true; // the broker's and Home Assistant's farewell
      default:
        return false;
    }
  }

  #enroll(command: Command): Promise<MqttMessage> {
    const speakerId = textOf(command, 'speakerId', 'speaker_id');
    if (speakerId === undefined) {
      throw new VoicePrintsError(
        'SPEAKER_ID_INVALID',
        'payload.speakerId is empty; it must name the person, for example alice',
      );
    }
    const name = textOf(command, 'name', 'speaker');
    const cluster = textOf(command, 'cluster');
    const consentText = textOf(command, 'consent');
    const consentVersion = textOf(command, 'consentVersion');
    return this.#listening.enroll({
      speakerId,
      ...(name && { name }),
      ...(cluster && { cluster }),
      ...(consentText && { consentText }),
      ...(consentVersion && { consentVersion }),
    });
  }

  #speakerIds(msg: NodeMessageInFlow): Promise<readonly string[] | undefined> {
    const { speakers: value, speakersType: type } = this.#settings;
    return evaluateIds(this.#RED, this.#node, { value, type }, msg);
  }
}

/** The stream that `msg.audio` describes; undefined where it names none. */
function streamOf(msg: NodeMessageInFlow): (Partial<LiveDescription> & { streamId: string }) | undefined {
  const given = msg.audio as Partial<Record<keyof LiveDescription, unknown>> | undefined;
  if (typeof given !== 'object' || given === null || typeof given.streamId !== 'string') return undefined;
  const { encoding, sampleRateHz, channels } = describe(given, 0);
  const { streamId, startSample, isNarrowBand, isEnd, source, call, site } = given;
  return {
    streamId,
    ...(encoding && ({ encoding } as object)),
    ...(sampleRateHz && ({ sampleRateHz } as object)),
    ...(channels && ({ channels } as object)),
    ...(typeof startSample === 'number' && { startSample }),
    ...(typeof isNarrowBand === 'boolean' && { isNarrowBand }),
    ...(isEnd === true && { isEnd }),
    ...(typeof source === 'string' && { source }),
    ...(typeof call === 'object' && call !== null && { call }),
    ...(typeof site === 'string' && { site }),
  };
}

const outgoing = (message: MqttMessage, stream?: Partial<StreamLabel>): NodeMessage =>
  ({ ...message, ...(stream && { stream }) }) as NodeMessage;

/** Who is present; if no one is, the number of streams; lost audio, or overload. */
function listeningBadge(
  RED: NodeAPI,
  { streams, presence, droppedSeconds, level, isAnybodyEnrolled }: LiveListening,
): NodeStatus {
  const text = (key: string, words = {}) => RED._(`identify-speakers.status.${key}`, words);
  if (level > 0) return badge('yellow', 'ring', text('degraded'));
  if (streams > 0 && !isAnybodyEnrolled) return badge('yellow', 'ring', text('nobodyEnrolled'));
  if (presence === 'unknown') return badge('yellow', 'dot', text('somebody'));
  if (presence !== 'nobody') return badge('green', 'dot', shorten(presence));
  if (streams === 0) return badge('grey', 'ring', text('idle'));
  if (droppedSeconds >= 1)
    return badge('green', 'ring', text('lost', { streams, seconds: Math.round(droppedSeconds) }));
  return badge('green', 'ring', text('listening', { streams }));
}
