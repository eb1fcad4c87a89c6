import { isAbsolute, join, resolve } from 'node:path';
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { z } from 'zod';
import type { StorePlace } from '../../src/core/storePlace.js';
import {
  DEFAULT_FALSE_ACCEPT_PERCENT,
  DEFAULT_STRANGERS,
  type EngineOptions,
  falseAcceptPercent,
  VoicePrintsError,
} from '../../src/index.js';
import {
  checkbox,
  field,
  isTicked,
  readSettings,
  type SettingsForm,
  type StoredSettings,
  text,
  withDefaults,
} from '../shared/settings.js';

export interface StoreCredentials {
  readonly encryptionKey?: string;
  readonly apiKey?: string;
  /** May name environment variables. */
  readonly databaseUrl?: string;
}

const schema = z.object({
  folder: text.describe('Relative to the user directory; empty for one of its own'),
  model: text,
  falseAcceptPercent: field(falseAcceptPercent.default(DEFAULT_FALSE_ACCEPT_PERCENT)),
  workerThreads: field(z.coerce.number().int().min(1).max(64).optional()),
  keepAudio: checkbox,
  requireConsent: checkbox,
  strangers: field(z.enum(['none', 'session', 'days']).default(DEFAULT_STRANGERS)),
  unknownVoiceDays: field(z.coerce.number().min(0).max(3_650).default(30)).describe(
    'With strangers "days"; 0: session',
  ),
  isRestOn: checkbox,
  restPath: field(z.string().default('/voice-prints')).transform((path) => `/${path.trim().replace(/^\/+|\/+$/g, '')}`),
  isStreamOn: checkbox,
  isGrpcOn: checkbox,
  grpcHost: field(z.string().default('127.0.0.1')).transform((host) => host.trim()),
  grpcPort: field(z.coerce.number().int().min(1).max(65_535).default(50_051)),
  grpcCertificate: text.describe('PEM file, relative to the user directory; empty, with the key: not encrypted'),
  grpcPrivateKey: text,
  trustedProxies: text.describe('Addresses and networks of proxies, separated by commas; see TrustedProxies'),
});

export const storeForm: SettingsForm<typeof schema> = {
  schema,
  // What each release added, with the default of that release: later changes of a default do not belong here.
  migrations: [
    withDefaults({
      folder: '',
      model: '',
      falseAcceptPercent: '1',
      workerThreads: '',
      isRestOn: false,
      restPath: '/voice-prints',
    }),
    withDefaults({ keepAudio: false }),
    // The new interfaces stay off in flows that were saved before this release.
    withDefaults({ isStreamOn: false, isGrpcOn: false, grpcHost: '127.0.0.1', grpcPort: '50051' }),
    (stored) => withDefaults({ strangers: strangersBefore(stored), unknownVoiceDays: '30' })(stored),
  ],
  unused: ({ isRestOn, isStreamOn, isGrpcOn, strangers }) => [
    ...(strangers === 'days' ? [] : ['unknownVoiceDays']),
    ...(isTicked(isRestOn) || isTicked(isStreamOn) ? [] : ['restPath']),
    ...(isTicked(isGrpcOn) ? [] : ['grpcHost', 'grpcPort']),
  ],
};

/** Before 0.3 a store had only the number of days. */
const strangersBefore = ({ unknownVoiceDays: days }: StoredSettings): 'session' | 'days' =>
  days === undefined || days === '' || Number(days) === 0 ? 'session' : 'days';

/** What `createEngine` wants, from the settings and credentials of a store. Throws CONFIG_INVALID. */
export function engineOptions(RED: NodeAPI, node: Node<StoreCredentials>, def: NodeDef): EngineOptions {
  const settings = readSettings(storeForm, def);
  return {
    ...storePlace(RED, node, def),
    encryptionKey: node.credentials?.encryptionKey || undefined,
    model: settings.model === '' ? undefined : settings.model,
    falseAcceptPercent: settings.falseAcceptPercent,
    workerThreads: settings.workerThreads,
    keepAudio: settings.keepAudio,
    requireConsent: settings.requireConsent,
    strangers: settings.strangers === 'days' ? `days=${settings.unknownVoiceDays}` : settings.strangers,
  };
}

/**
 * Where a store keeps everything: a folder, and a database where the dialog has its address. Never inside the package, where an update
 * would erase it. The id, as names change and two stores may share one. Throws CONFIG_INVALID.
 */
export function storePlace(RED: NodeAPI, node: Node<StoreCredentials>, def: NodeDef): StorePlace {
  const { folder } = readSettings(storeForm, def);
  const storeDirectory =
    folder.trim() === '' ? join(userDirectory(RED), 'voice-prints', node.id) : pathOf(RED, node, folder);
  const databaseUrl = filledIn(RED, node, node.credentials?.databaseUrl ?? '', 'the address of the database');
  return {
    storeDirectory,
    databaseUrl: databaseUrl || undefined,
    audioUrl: process.env.VOICE_PRINTS_AUDIO_URL || undefined,
  };
}

const userDirectory = (RED: NodeAPI): string => RED.settings.userDir ?? process.cwd();

/** A path from the dialog, relative to the user directory, environment variables filled in. Throws CONFIG_INVALID. */
export function pathOf(RED: NodeAPI, node: Node, entered: string): string {
  const filled = filledIn(RED, node, entered, 'a path');
  return isAbsolute(filled) ? filled : resolve(userDirectory(RED), filled);
}

/** What was entered, with `${NAME}` replaced by the environment variable. Throws CONFIG_INVALID, naming `what`. */
function filledIn(RED: NodeAPI, node: Node, entered: string, what: string): string {
  return entered.trim().replace(/\$\{([^}]+)\}/g, (_, name: string) => {
    const value: unknown = RED.util.evaluateNodeProperty(name, 'env', node, {});
    if (typeof value === 'string' && value !== '') return value;
    throw new VoicePrintsError(
      'CONFIG_INVALID',
      `${what} names the environment variable ${name}, which is not set; set it, or enter another one`,
    );
  });
}
