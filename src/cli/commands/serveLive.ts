import type { ServerLog } from '../../api/serverLog.js';
import type { ObservedStream, StreamObserver } from '../../api/websocket/streamSession.js';
import { HeardSessions } from '../../engine/live/heardSessions.js';
import type { SpeakerEvent } from '../../events/index.js';
import { type Engine, LOCAL_TENANT, VoicePrintsError } from '../../index.js';
import type { BrokerReport } from '../../mqtt/brokerFault.js';
import type { LiveControl, MqttSurface } from '../../mqtt/mqttSurface.js';
import type { ParsedArguments, Terminal } from '../command.js';
import { mqttChoice } from '../options/mqttOptions.js';

/** Sites that clients of live streams may name beside one another; the events of others are not published. */
const MAX_STREAM_SITES = 32;

interface ServeLiveOptions {
  readonly engine: Engine;
  readonly log: ServerLog;
}

/** What `serve` publishes of live streams. */
export interface ServeLive extends AsyncDisposable {
  readonly observer: StreamObserver;
}

/** Connects to the broker of `--mqtt`; undefined without. Throws as mqttChoice. A broker that is away is no failure. */
export async function openServeLive(
  args: ParsedArguments,
  { env }: Terminal,
  { engine, log }: ServeLiveOptions,
): Promise<ServeLive | undefined> {
  const choice = await mqttChoice(args, env);
  if (!choice) return undefined;
  const { isTopicName, MqttSurface } = await import('../../mqtt/mqttSurface.js');
  const { takesCommands, ...options } = choice;
  const sessions = new HeardSessions(engine);
  const surface = new MqttSurface({
    ...options,
    control: takesCommands ? controlOf(sessions) : undefined,
    onReport: (report) => logReport(log, report),
  });
  const stop = engine.onErased(async (tenantId, speakerId) => {
    if (tenantId === LOCAL_TENANT) surface.erase(speakerId);
  });
  surface.open();
  return {
    observer: observerOf({ engine, surface, sessions, isTopicName }),
    [Symbol.asyncDispose]: async () => {
      stop();
      await surface[Symbol.asyncDispose]();
    },
  };
}

function controlOf(sessions: HeardSessions): LiveControl {
  const refuse = (): never => {
    throw new VoicePrintsError('INPUT_INVALID', 'there are no sources to start or stop; this serve has none');
  };
  return { enroll: (...asked) => sessions.enroll(...asked), start: refuse, stop: refuse };
}

function logReport(log: ServerLog, { code, message, ...rest }: BrokerReport): void {
  if (code === undefined) log.notice(message, rest);
  else log.problem({ code, message, ...rest });
}

interface Observing {
  readonly engine: Engine;
  readonly surface: MqttSurface;
  readonly sessions: HeardSessions;
  readonly isTopicName: (site: string) => boolean;
}

/** Events of live streams over WebSocket: those of the tenant whose people flows and the command line know. */
function observerOf({ engine, surface, sessions, isTopicName }: Observing): StreamObserver {
  const sites = new Set<string>();
  const isPublished = ({ tenantId, site }: ObservedStream): boolean => {
    if (tenantId !== LOCAL_TENANT || !isTopicName(site)) return false;
    if (!sites.has(site) && sites.size < MAX_STREAM_SITES) sites.add(site);
    return sites.has(site);
  };
  return {
    opened: (stream) => {
      if (isPublished(stream)) sessions.open({ ...stream, engine });
    },
    event: (event: SpeakerEvent, stream) => {
      if (!isPublished(stream)) return;
      if (event.event_type === 'unknown' || event.event_type === 'uncertain') sessions.unknown(stream.session);
      surface.hear(event);
    },
    closed: ({ session }) => sessions.close(session),
  };
}
