import { HeardSessions } from '../../engine/live/heardSessions.js';
import { isTopicName, type SpeakerEvent } from '../../events/index.js';
import { type Engine, type LiveSession, LOCAL_TENANT, VoicePrintsError } from '../../index.js';
import type { LiveControl } from '../../mqtt/mqttSurface.js';
import type { ParsedArguments, Terminal } from '../command.js';
import { mqttChoice } from '../options/mqttOptions.js';
import { usageError } from '../options/parseCommandLine.js';
import { remark } from '../output/output.js';
import { followErasures } from './followErasures.js';

export interface WatchMqtt extends AsyncDisposable {
  hear(event: SpeakerEvent): void;
}

interface Watched {
  readonly engine: Engine;
  readonly session: LiveSession;
  readonly site: string;
}

/** Publishes what `watch` hears; undefined without `--mqtt`. Throws as mqttChoice, and USAGE for a site that is no topic. */
export async function openWatchMqtt(
  args: ParsedArguments,
  terminal: Terminal,
  { engine, session, site }: Watched,
): Promise<WatchMqtt | undefined> {
  const choice = await mqttChoice(args, terminal.env);
  if (!choice) return undefined;
  // Loaded here, since nothing else needs the client.
  const { MqttSurface } = await import('../../mqtt/mqttSurface.js');
  if (!isTopicName(site)) throw usageError(`--site ${site} is no level of an MQTT topic, or reserved; choose another`);
  const { takesCommands, ...options } = choice;
  const surface = new MqttSurface({
    ...options,
    control: takesCommands ? controlOf(engine, session, site) : undefined,
    onReport: ({ code, message }) =>
      remark(args, terminal, code === undefined ? `MQTT: ${message}` : `${code}: ${message}`),
  });
  const stop = engine.onErased(async (tenantId, speakerId) => {
    if (tenantId === LOCAL_TENANT) surface.erase(speakerId);
  });
  const following = followErasures(() => [engine], surface);
  surface.openSite(site);
  surface.open();
  return {
    hear: (event) => surface.hear(event),
    [Symbol.asyncDispose]: async () => {
      stop();
      following[Symbol.dispose]();
      await surface[Symbol.asyncDispose]();
    },
  };
}

const controlOf = (engine: Engine, session: LiveSession, site: string): LiveControl => {
  const sessions = new HeardSessions(engine);
  sessions.open({ session, site, engine });
  const refuse = (): never => {
    throw new VoicePrintsError('INPUT_INVALID', 'watch listens until it ends; end it, or use serve --sources');
  };
  return { enroll: (...asked) => sessions.enroll(...asked), start: refuse, stop: refuse };
};
