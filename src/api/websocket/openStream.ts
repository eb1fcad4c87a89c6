import { randomUUID } from 'node:crypto';
import { ResumeKey } from '../keptStreams/resumeKey.js';
import { headOfBytes, type StreamHead } from '../keptStreams/streamHead.js';
import { IncomingAudio } from './incomingAudio.js';
import type { Hello, Resume } from './protocol.js';
import { StreamSession } from './streamSession.js';
import type { RestoredStream } from './streamSessionOptions.js';
import type { StreamSurface } from './streamSurface.js';

/** Guesses about an open turn are sent without being kept: a client may have so many more messages. */
const MOST_GUESSES = 200;

/** A stream whose last message was written in another process: its client gets what it missed. */
export interface EndedStream {
  readonly head: StreamHead;
}

/** A new stream. Throws the errors of StreamSlots and IncomingAudio. */
export async function openStream(surface: StreamSurface, tenantId: string, fields: Hello): Promise<StreamSession> {
  return newSession(surface, tenantId, { fields, sessionId: randomUUID(), from: undefined });
}

/** A stream whose connection broke, here or in another process; undefined where there is none of this token any more. */
export async function resumeStream(
  surface: StreamSurface,
  tenantId: string,
  asked: Resume,
): Promise<StreamSession | EndedStream | undefined> {
  const { sessionId, resumeToken, lastSeq } = asked;
  const session = surface.sessions.get(sessionId);
  if (session) {
    if (session.tenantId !== tenantId || !session.isToken(resumeToken)) return undefined;
    if (await session.isHeld()) return session.keeps(lastSeq) ? session : undefined;
    session.disposeSoon(); // it went on elsewhere meanwhile
  }
  const from = await takenOver(surface, tenantId, asked);
  if (!from) return undefined;
  if (from.head.last) return { head: from.head };
  return newSession(surface, tenantId, { fields: from.head.hello, sessionId, from });
}

async function takenOver(
  { kept }: StreamSurface,
  tenantId: string,
  { sessionId, resumeToken, lastSeq }: Resume,
): Promise<RestoredStream | undefined> {
  if (!kept) return undefined;
  const key = new ResumeKey(resumeToken, sessionId);
  const row = await (await kept.get()).take({ sessionId, tenantId, check: key.check });
  if (!row) return undefined;
  const head = headOfBytes(key.unseal(row.head, 'head'));
  const first = head.messages[0]?.seq ?? head.lastSeq + 1;
  if (lastSeq < first - 1 || lastSeq > head.lastSeq + MOST_GUESSES) return undefined;
  const learnt = row.learnt && key.unseal(row.learnt, 'learnt');
  return { token: resumeToken, epoch: row.epoch, head, learnt, clientSeq: lastSeq };
}

interface Beginning {
  readonly fields: Hello;
  readonly sessionId: string;
  readonly from: RestoredStream | undefined;
}

async function newSession(
  surface: StreamSurface,
  tenantId: string,
  { fields, sessionId, from }: Beginning,
): Promise<StreamSession> {
  const { engine, slots, sessions, gate, report, observer, limits, kept } = surface;
  const giveBack = slots.take(tenantId);
  let session: StreamSession | undefined;
  const onOver = () => {
    giveBack();
    if (session && sessions.get(session.id) === session) sessions.delete(session.id);
  };
  try {
    const audio = await IncomingAudio.open(fields, from?.head);
    const keeping = kept && { streams: await kept.get(), sessionId, from };
    const { resumeMs } = limits;
    const options = { engine, tenantId, hello: fields, audio, gate, onOver, report, observer, resumeMs, keeping };
    session = new StreamSession(options);
  } catch (thrown) {
    giveBack();
    throw thrown;
  }
  sessions.set(session.id, session);
  await session.begin();
  return session;
}
