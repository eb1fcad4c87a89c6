import type { Request, RequestHandler, Response } from 'express';
import type { Node, NodeAPI } from 'node-red';
import { allowedHosts } from '../../src/core/allowedHosts.js';
import { asVoicePrintsError, VoicePrintsError } from '../../src/index.js';
import { type LiveAudio, type LiveItem, openLive } from '../../src/live.js';
import { workingDirectoryOf } from '../shared/recordingsOf.js';
import { readSettings } from '../shared/settings.js';
import type { TypedProperty } from '../shared/typedProperty.js';
import { audioForm } from './audioSettings.js';
import type { SourceCredentials } from './liveSettings.js';
import { streamSourceOf } from './streamSource.js';

/** Sound that is listened to, and how long a source may take to give any. */
const TEST_MS = 8_000;
const PATIENCE_MS = 30_000;
const LEVEL_EVERY_MS = 200;
const MOST_AT_ONCE = 3;
const QUIETEST_DB = -100;
/** In place of a password that the editor does not know: the node's own. */
const KEPT = '__PWRD__';

/** What the dialog is sent, a JSON object per line. */
type TestLine =
  | { readonly type: 'state'; readonly status: string; readonly code?: string; readonly message?: string }
  | {
      readonly type: 'found';
      readonly encoding?: string;
      readonly sampleRateHz?: number;
      readonly isNarrowBand?: boolean;
    }
  | { readonly type: 'level'; readonly levelDb: number }
  | { readonly type: 'end'; readonly seconds: number; readonly reconnects: number; readonly lostSeconds: number };

let running = 0;

/** Connects to a source with the settings of an open dialog, whether deployed or not, and ends by itself. */
export function registerSourceTest(RED: NodeAPI): void {
  RED.httpAdmin.post(
    '/voice-prints/live/test',
    // It does what a deploy does: it connects to any address, with the passwords of the node.
    RED.auth.needsPermission('flows.write') as RequestHandler,
    (req: Request, res: Response) => {
      if (running >= MOST_AT_ONCE) return void res.status(429).json({ error: { code: 'TOO_MANY_REQUESTS' } });
      running += 1;
      const left = new AbortController();
      res.once('close', () => left.abort());
      const stop = AbortSignal.any([left.signal, AbortSignal.timeout(PATIENCE_MS)]);
      res.set({ 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' });
      const write = (line: TestLine) => void (left.signal.aborted || res.write(`${JSON.stringify(line)}\n`));
      testOf(RED, req.body, write, stop)
        .catch((thrown: unknown) => {
          const { code, message } = asVoicePrintsError(thrown);
          write({ type: 'state', status: 'ended', code, message });
        })
        .finally(() => {
          running -= 1;
          res.end();
        });
    },
  );
}

async function testOf(
  RED: NodeAPI,
  body: unknown,
  write: (line: TestLine) => void,
  signal: AbortSignal,
): Promise<void> {
  const { id, settings: stored, credentials } = fieldsOf(body);
  const settings = readSettings(audioForm, stored);
  const source = await streamSourceOf(settings, {
    credentials: credentialsOf(RED, id, credentials),
    workingDirectory: workingDirectoryOf(RED),
    evaluate: async (property, what) => fixedText(RED, property, what),
  });
  const ending = new AbortController();
  const audio = openLive(source, {
    signal: AbortSignal.any([signal, ending.signal]),
    allowHosts: allowedHosts(process.env),
  });
  await listened(audio, write, () => ending.abort());
}

/** Reports until enough was heard, the source has ended, or its signal aborts. */
async function listened(audio: LiveAudio, write: (line: TestLine) => void, end: () => void): Promise<void> {
  const meter = new Meter();
  let reconnects = 0;
  let lostSeconds = 0;
  let found = '';
  for await (const item of audio) {
    if (item.type === 'state') {
      const { status, code, message } = item.state;
      if (status === 'retrying') reconnects += 1;
      write({ type: 'state', status, ...(code && { code }), ...(message && { message }) });
    }
    if (item.type === 'dropped') lostSeconds += item.samples / 16_000;
    if (item.type === 'audio') {
      const known = foundOf(audio);
      if (JSON.stringify(known) !== found) write(known);
      found = JSON.stringify(known);
      for (const levelDb of meter.push(item)) write({ type: 'level', levelDb });
      if (meter.heardMs >= TEST_MS) end();
    }
  }
  write({ type: 'end', seconds: meter.heardMs / 1000, reconnects, lostSeconds });
}

const foundOf = ({ format, isNarrowBand }: LiveAudio): TestLine => ({
  type: 'found',
  ...format,
  ...(isNarrowBand !== undefined && { isNarrowBand }),
});

/** Loudness of each fifth of a second, in decibels below full scale. */
class Meter {
  heardMs = 0;
  #power = 0;
  #samples = 0;

  push({ frame }: Extract<LiveItem, { type: 'audio' }>): readonly number[] {
    const levels: number[] = [];
    for (const sample of frame.samples) {
      this.#power += sample ** 2;
      this.#samples += 1;
      if (this.#samples < (LEVEL_EVERY_MS * 16_000) / 1000) continue;
      const levelDb = 10 * Math.log10(this.#power / this.#samples + 1e-12);
      levels.push(Math.max(QUIETEST_DB, Math.round(levelDb * 10) / 10));
      this.heardMs += LEVEL_EVERY_MS;
      this.#power = 0;
      this.#samples = 0;
    }
    return levels;
  }
}

interface TestFields {
  readonly id: string;
  readonly settings: object;
  readonly credentials: Readonly<Record<string, unknown>>;
}

function fieldsOf(body: unknown): TestFields {
  const { id, settings, credentials } = (body ?? {}) as Partial<Record<keyof TestFields, unknown>>;
  if (typeof settings !== 'object' || settings === null) {
    throw new VoicePrintsError('INPUT_INVALID', 'send the settings of an audio source');
  }
  const given = typeof credentials === 'object' && credentials !== null ? credentials : {};
  return { id: String(id ?? ''), settings, credentials: given as TestFields['credentials'] };
}

/** What the dialog has, with what it does not know of the deployed node. */
function credentialsOf(RED: NodeAPI, id: string, given: TestFields['credentials']): SourceCredentials {
  const node = RED.nodes.getNode(id) as Node<SourceCredentials> | null;
  const own = (node?.type === 'audio-source' && node.credentials) || {};
  const text = (name: 'user' | 'password') => {
    const value = given[name];
    return typeof value === 'string' && value !== KEPT ? value : (own[name] ?? '');
  };
  return { user: text('user'), password: text('password') };
}

/** What does not come with a message. Throws INPUT_INVALID. */
function fixedText(RED: NodeAPI, { value, type }: TypedProperty, what: string): string {
  if (type === 'str' || type === '') return value.trim();
  if (type === 'env') return String(RED.util.evaluateNodeProperty(value, 'env', {} as Node, {})).trim();
  throw new VoicePrintsError('INPUT_INVALID', `${what} comes with a message; for a test enter it as text`);
}
