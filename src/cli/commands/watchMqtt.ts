import { WatchedSessions } from '../../engine/live/watchedSessions.js';
import { isTopicName, type SpeakerEvent } from '../../events/index.js';
import { type Engine, type LiveSession, LOCAL_TENANT, VoicePrintsError } from '../../index.js';
import type { LiveControl } from '../../mqtt/commandDesk.js';
import type { ParsedArguments, Terminal } from '../command.js';
import { mqttChoice } from '../options/mqttOptions.js';
import { textOption, usageError } from '../options/parseCommandLine.js';
import { remark } from '../output/output.js';
import { followPeople } from './followPeople.js';

/** What `watch` publishes, of all its streams. */
export interface WatchMqtt extends AsyncDisposable {
  opened(session: LiveSession, site: string): void;
  hear(event: SpeakerEvent, session: LiveSession): void;
  closed(session: LiveSession): void;
}

/** Connects to the broker; undefined without `--mqtt`. Throws as mqttChoice, and USAGE for a site that is no topic. */
export async function openWatchMqtt(
  args: ParsedArguments,
  terminal: Terminal,
  engine: Engine,
): Promise<WatchMqtt | undefined> {
  const choice = await mqttChoice(args, terminal.env);
  if (!choice) return undefined;
  // Loaded here, since nothing else needs the client.
  const { MqttSurface } = await import('../../mqtt/mqttSurface.js');
  const site = textOption(args, 'site');
  if (site !== undefined && !isTopicName(site)) {
    throw usageError(`--site ${site} is no level of an MQTT topic, or reserved; choose another`);
  }
  const { takesCommands, ...options } = choice;
  const sessions = new WatchedSessions(engine);
  const sites = new Map<LiveSession, string>();
  const surface = new MqttSurface({
    ...options,
    control: takesCommands ? controlOf(sessions) : undefined,
    onEnrolled: () => following.look(),
    onReport: ({ code, message }) =>
      remark(args, terminal, code === undefined ? `MQTT: ${message}` : `${code}: ${message}`),
  });
  const stop = engine.onErased(async (tenantId, speakerId) => {
    if (tenantId === LOCAL_TENANT) surface.erase(speakerId);
  });
  const following = followPeople(() => [engine], surface);
  await following.ready; // one announcement with everybody, instead of two at once
  surface.open();
  return {
    opened: (session, at) => {
      sessions.open({ session, site: at, engine });
      sites.set(session, at);
      surface.streamState(at, 'connecting');
    },
    hear: (event, session) => {
      if (event.event_type === 'unknown' || event.event_type === 'uncertain') sessions.unknown(session);
      surface.hear(event);
      if (event.event_type === 'stream') surface.streamState(event.site, event.status);
    },
    closed: (session) => {
      sessions.close(session);
      surface.streamState(sites.get(session)!, 'ended');
      sites.delete(session);
    },
    [Symbol.asyncDispose]: async () => {
      stop();
      following[Symbol.dispose]();
      await surface[Symbol.asyncDispose]();
    },
  };
}

const controlOf = (sessions: WatchedSessions): LiveControl => {
  const refuse = (): never => {
    throw new VoicePrintsError('INPUT_INVALID', 'watch listens until it ends; end it, or use serve --sources');
  };
  return {
    enroll: (...asked) => sessions.enroll(...asked),
    feedback: (...asked) => sessions.feedback(...asked),
    undo: (...asked) => sessions.undo(...asked),
    start: refuse,
    stop: refuse,
  };
};
