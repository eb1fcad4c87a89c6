import type { Measure } from '../../api/measures.js';
import type { SourceReport } from '../../api/restOptions.js';
import type { ServerLog } from '../../api/serverLog.js';
import type { ObservedStream, StreamObserver } from '../../api/websocket/streamSessionOptions.js';
import { WatchedSessions } from '../../engine/live/watchedSessions.js';
import { isTopicName, PRESENCE_WINDOW_MS, type SpeakerEvent } from '../../events/index.js';
import { type Engine, type LiveSession, LOCAL_TENANT, VoicePrintsError } from '../../index.js';
import type { BrokerReport } from '../../mqtt/brokerFault.js';
import type { LiveControl } from '../../mqtt/commandDesk.js';
import type { MqttSurface } from '../../mqtt/mqttSurface.js';
import type { SharedPlaces } from '../../sources/openPlaces.js';
import type { SourceSet } from '../../sources/sourceSet.js';
import type { SourceObserver } from '../../sources/sourceStatus.js';
import type { OptionSpec, ParsedArguments, Terminal } from '../command.js';
import type { MqttChoice } from '../options/mqttOptions.js';
import { textOption } from '../options/parseCommandLine.js';
import { type FollowedPeople, followPeople } from './followPeople.js';
import { liveMeasures } from './liveMeasures.js';
import type { SourcesChoice } from './serveSources.js';

export const sourcesOptions = {
  sources: {
    value: 'FILE',
    about:
      'Cameras, radios, lines and microphones to listen to: a YAML file, read again when it changes (docs/sources.md)',
  },
} as const satisfies Record<string, OptionSpec>;

/** Sites that clients of live streams may name beside one another; the events of others are not published. */
const MAX_STREAM_SITES = 32;

interface ServeLiveOptions {
  readonly engine: Engine;
  readonly log: ServerLog;
  readonly broker: MqttChoice | undefined;
  readonly sources: SourcesChoice | undefined;
  /** The processes that share the sources; undefined without a database. */
  readonly fleet: SharedPlaces | undefined;
}

/** What `serve` listens to by itself, and what it publishes of live streams. */
export interface ServeLive extends AsyncDisposable {
  readonly observer: StreamObserver | undefined;
  /** Takes what is heard elsewhere; undefined without a broker. */
  readonly surface: MqttSurface | undefined;
  readonly sources: () => readonly SourceReport[];
  readonly measures: () => readonly Measure[];
  /** Stops listening, so that other processes may; the rest closes when it is disposed. */
  drain(): Promise<void>;
}

/** The file of `--sources` and what it says now; undefined without. Throws as readSources. */
export async function sourcesChoice(args: ParsedArguments, env: Terminal['env']): Promise<SourcesChoice | undefined> {
  const path = textOption(args, 'sources');
  if (path === undefined) return undefined;
  const { readSources } = await import('../../sources/sourcesFile.js');
  return { path, specs: await readSources(path, env) };
}

/** Connects to the broker and listens to the sources; undefined without both. A broker that is away is no failure. */
export async function openServeLive(
  args: ParsedArguments,
  terminal: Terminal,
  { engine, log, broker, sources, fleet }: ServeLiveOptions,
): Promise<ServeLive | undefined> {
  if (!broker && !sources) return undefined;
  // Loaded here, since few need them.
  const [{ MqttSurface }, { openServeSources }] = await Promise.all([
    import('../../mqtt/mqttSurface.js'),
    import('./serveSources.js'),
  ]);
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.reverse()) await closer();
  };
  const sessions = new WatchedSessions(engine);
  let set: SourceSet | undefined;
  let surface: MqttSurface | undefined;
  let following: FollowedPeople | undefined;
  if (broker) {
    const { takesCommands, ...options } = broker;
    surface = new MqttSurface({
      ...options,
      control: takesCommands ? controlOf(sessions, () => set, fleet !== undefined) : undefined,
      onEnrolled: () => following?.look(),
      onReport: (report) => logReport(log, report),
    });
    const made = surface;
    closers.push(() => made[Symbol.asyncDispose]());
  }
  const engines: Engine[] = [];
  const onEngine = (one: Engine): void => {
    engines.push(one);
    fleet?.addEngine(one);
    const stop = one.onErased(async (tenantId, speakerId) => {
      if (tenantId !== LOCAL_TENANT) return;
      surface?.erase(speakerId);
      set?.erase(speakerId);
    });
    closers.push(stop);
  };
  onEngine(engine);
  if (surface) {
    following = followPeople(() => engines, surface);
    closers.push(() => following?.[Symbol.dispose]());
  }
  const presenceWindowMs = broker?.presenceWindowMs ?? PRESENCE_WINDOW_MS;
  const observer = sourceObserver(sessions, surface);
  const options = { engine, log, observer, presenceWindowMs, onEngine, sources, places: fleet };
  const running = openServeSources(args, terminal, options);
  closers.push(() => running?.[Symbol.asyncDispose]()); // first: its last turns are published
  set = running?.set;
  await following?.ready; // one announcement with everybody, instead of two at once
  surface?.open();
  return {
    observer: surface && streamObserver({ engine, surface, sessions }),
    surface,
    sources: () => set?.statuses.map((status) => ({ ...status, present: set!.presence(status.site) })) ?? [],
    measures: () => liveMeasures(surface?.counts, set?.statuses ?? []),
    drain: async () => set?.drain(),
    [Symbol.asyncDispose]: close,
  };
}

function controlOf(sessions: WatchedSessions, sources: () => SourceSet | undefined, isShared: boolean): LiveControl {
  const running = (): SourceSet => {
    const set = sources();
    if (set) return set;
    throw new VoicePrintsError('INPUT_INVALID', 'there are no sources to start or stop; name them with --sources');
  };
  return {
    enroll: async (request, site, actor) => {
      if (!isShared || site !== undefined) return sessions.enroll(request, site, actor);
      const message = 'several processes listen, each to other sites; send the command to the topic of the site';
      throw new VoicePrintsError('INPUT_INVALID', message);
    },
    feedback: (...asked) => sessions.feedback(...asked),
    undo: (...asked) => sessions.undo(...asked),
    start: (target) => running().start(target),
    stop: (target) => running().stop(target),
  };
}

function logReport(log: ServerLog, { code, message, ...rest }: BrokerReport): void {
  if (code === undefined) log.notice(message, rest);
  else log.problem({ code, message, ...rest });
}

const isOfUnknown = ({ event_type }: SpeakerEvent): boolean => event_type === 'unknown' || event_type === 'uncertain';

const sourceObserver = (sessions: WatchedSessions, surface: MqttSurface | undefined): SourceObserver => ({
  opened: (watched) => sessions.open(watched),
  closed: (session) => sessions.close(session),
  event: (event: SpeakerEvent, session: LiveSession | undefined) => {
    if (session && isOfUnknown(event)) sessions.unknown(session);
    surface?.hear(event);
  },
  changed: ({ turns: _turns, droppedSeconds: _dropped, status, ...state }) => {
    // The process that listens publishes; what is retained of it must not be replaced.
    if (status === 'elsewhere' || status === 'waiting') surface?.leaveSource(state.source, state.site);
    else surface?.sourceState({ ...state, status });
  },
  removed: (source) => surface?.removeSource(source),
});

interface Observing {
  readonly engine: Engine;
  readonly surface: MqttSurface;
  readonly sessions: WatchedSessions;
}

/** Events of live streams over WebSocket: those of the tenant whose people flows and the command line know. */
function streamObserver({ engine, surface, sessions }: Observing): StreamObserver {
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
    event: (event, stream) => {
      if (!isPublished(stream)) return;
      if (isOfUnknown(event)) sessions.unknown(stream.session);
      surface.hear(event);
    },
    closed: ({ session }) => sessions.close(session),
  };
}
