import type { Node, NodeAPI, NodeDef, NodeMessage, NodeMessageInFlow } from 'node-red';
import { present } from '../../src/core/present.js';
import { timelineSvg } from '../../src/display/timelineSvg.js';
import { type EventContext, eventMessage, recordedTurnEvent, rejectedEvent } from '../../src/events/index.js';
import {
  type Identification,
  type IdentifyRequest,
  MAX_PEOPLE,
  type Progress,
  VoicePrintsError,
} from '../../src/index.js';
import { mayNameFiles, selected } from '../shared/audioSelection.js';
import { bindNode, LIVE_QUEUE_LIMIT, type Send } from '../shared/bindNode.js';
import { liveInputScreen } from '../shared/liveInput.js';
import { recordingsOf, workingDirectoryOf } from '../shared/recordingsOf.js';
import { trySettings } from '../shared/settings.js';
import { evaluate, evaluateIds, located } from '../shared/typedProperty.js';
import { storeOf, useStore } from '../speaker-store/storeOf.js';
import { progressBadge, voicesBadge } from './identifyBadge.js';
import { identifyForm, type IdentifySettings as Settings } from './identifySettings.js';
import { bindLiveIdentify, openLiveIdentify } from './liveIdentify.js';
import { answerFeedback, recordingFeedbackOf } from './recordingFeedback.js';

/** Who speaks when: in a recording the whole answer or a message per turn, in live streams an event as each turn ends. */
export default function register(RED: NodeAPI): void {
  function IdentifySpeakers(this: Node, def: NodeDef): void {
    RED.nodes.createNode(this, def);
    const read = trySettings(identifyForm, def, this);
    if ('failure' in read) {
      bindNode(RED, this, () => Promise.reject(read.failure));
      return;
    }
    const { settings } = read;
    if (settings.output === 'live') {
      useStore(RED, this, settings.store, bindLiveIdentify(RED, this, settings));
      return;
    }
    const progress = progressBadge(RED, this);
    const warned = new Set<string>();
    // What concerns the people enrolled, not the recording; messages of single turns carry no warnings.
    const warnOnce = (warnings: Identification['warnings']): void => {
      for (const { code, message } of warnings) {
        if (!['NOBODY_ENROLLED', 'VOICEPRINT_STALE'].includes(code) || warned.has(code)) continue;
        warned.add(code);
        this.warn(message);
      }
    };
    const handle = async (msg: NodeMessageInFlow, send: Send, signal: AbortSignal): Promise<void> => {
      progress.begin();
      const result = await identify(RED, this, settings, msg, signal, progress.show);
      this.status(voicesBadge(RED, result));
      warnOnce(result.warnings);
      if (settings.output !== 'turns') sendWhole(RED, settings, msg, send, result);
      else await sendTurns(RED, settings, msg, send, result);
    };
    const live = settings.output === 'auto' ? openLiveIdentify(RED, this, settings) : undefined;
    const binding = bindNode(RED, this, handle, {
      queueLimit: settings.queueLimit,
      onWaiting: progress.waiting,
      aside: {
        takes: (msg) => (live ? live.takes(msg) : recordingFeedbackOf(msg) !== undefined),
        handle: (msg, send) => (live ? live.handle(msg, send) : sendFeedback(RED, settings, msg, send)),
        queueLimit: LIVE_QUEUE_LIMIT,
      },
      ...(!live && {
        screen: liveInputScreen(
          'choose "by itself" or "events of live streams" in this node, or let the source read a file',
        ),
      }),
    });
    useStore(RED, this, settings.store, binding);
  }
  RED.nodes.registerType('identify-speakers', IdentifySpeakers);
}

async function identify(
  RED: NodeAPI,
  node: Node,
  settings: Settings,
  msg: NodeMessageInFlow,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<Identification> {
  const audio = { value: settings.property, type: settings.propertyType };
  const value = await evaluate(RED, node, audio, msg);
  const isPath = mayNameFiles(audio, settings.isPath);
  const options = { workingDirectory: workingDirectoryOf(RED), property: located(audio), isPath };
  const [source, ...others] = recordingsOf(value, msg, options);
  if (!source || others.length > 0) {
    throw new VoicePrintsError(
      'INPUT_INVALID',
      'the message holds several recordings; put a split node before this one, to name the voices of each',
    );
  }
  const speakerIds = await evaluateIds(RED, node, { value: settings.speakers, type: settings.speakersType }, msg);
  const engine = await storeOf(RED, settings.store).engine();
  return engine.identify(
    {
      source: selected(source, settings),
      isSpeakerPerChannel: settings.isSpeakerPerChannel,
      ...peopleOf(msg, settings),
      ...(speakerIds && { speakerIds }),
      ...(settings.falseAcceptPercent && { falseAcceptPercent: settings.falseAcceptPercent }),
    },
    { signal, onProgress },
  );
}

/** The number of people: what the message says of it goes before the settings. Throws INPUT_INVALID. */
function peopleOf(msg: NodeMessageInFlow, settings: Settings): Pick<IdentifyRequest, 'speakerCount' | 'maxSpeakers'> {
  const given = msg as { readonly speakerCount?: unknown; readonly maxSpeakers?: unknown };
  const said = present({
    speakerCount: countIn('msg.speakerCount', given.speakerCount),
    maxSpeakers: countIn('msg.maxSpeakers', given.maxSpeakers),
  });
  const { speakerCount, maxSpeakers } = settings;
  return Object.keys(said).length > 0 ? said : present({ speakerCount, maxSpeakers });
}

function countIn(name: string, value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const count = typeof value === 'string' ? Number(value) : value;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 1 && count <= MAX_PEOPLE) return count;
  throw new VoicePrintsError(
    'INPUT_INVALID',
    `${name} must be a whole number from 1 to ${MAX_PEOPLE}; leave it out where the number of people is not known`,
  );
}

function sendWhole(RED: NodeAPI, settings: Settings, msg: NodeMessageInFlow, send: Send, result: Identification): void {
  if (settings.isDrawn) Object.assign(msg, { timeline: timelineSvg(result, '') });
  RED.util.setMessageProperty(msg, settings.resultProperty, result, true);
  send(msg);
}

/** By the output that is not for known people, where there are two. */
async function sendFeedback(RED: NodeAPI, settings: Settings, msg: NodeMessageInFlow, send: Send): Promise<void> {
  const engine = await storeOf(RED, settings.store).engine();
  const answer = await answerFeedback(msg, engine.turns(), settings);
  send(settings.output === 'turns' ? [null, answer] : answer);
}

/** Known voices to the first output, all others to the second; `msg.parts` lets a join node put them together. */
async function sendTurns(
  RED: NodeAPI,
  settings: Settings,
  msg: NodeMessageInFlow,
  send: Send,
  result: Identification,
): Promise<void> {
  const { site, topicBase: base, isRetained: retain } = settings;
  const engine = await storeOf(RED, settings.store).engine();
  const threshold = engine.acceptScore(settings.falseAcceptPercent);
  const context: EventContext = { site, sessionId: msg._msgid, model: result.model, threshold };
  const nowMs = Date.now();
  const { durationSeconds: end, warnings } = result;
  const events =
    result.segments.length > 0
      ? result.segments.map((segment) => recordedTurnEvent(segment, context, nowMs))
      : [rejectedEvent({ reason: warnings[0]?.code ?? 'AUDIO_NO_SPEECH', start: 0, end }, context, nowMs)];
  // Without the audio: a clone per turn would copy it each time.
  const { payload: _audio, ...rest } = msg;
  events.forEach((event, index) => {
    const turn = RED.util.cloneMessage(rest) as NodeMessage;
    Object.assign(turn, eventMessage(event, { base, site }), { retain });
    const outer = msg.parts && { parts: msg.parts };
    turn.parts = { id: msg._msgid, type: 'array', index, count: events.length, ...outer };
    send(event.event_type === 'identified' ? [turn, null] : [null, turn]);
  });
}
