import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import { asVoicePrintsError, VoicePrintsError } from '../../core/errors.js';
import { guarded } from '../../core/guarded.js';
import type { IdentifiedSegment } from '../../core/identification.js';
import { present } from '../../core/present.js';
import type { Engine } from '../../engine/engine.js';
import type { IdentifiedChunk } from '../../engine/recording/identifyChunks.js';
import type { ChunkSession } from '../../engine/requests/chunkSession.js';
import type { Span, Tracing } from '../../tracing/tracing.js';
import { admitStream, assertStillHeld, type KeyCheck } from '../access/admitKey.js';
import type { StreamSlots } from '../access/streamSlots.js';
import type { FailureReport } from '../calls/call.js';
import { noteRefusal } from '../calls/callSpan.js';
import { httpRefusal, type Refusal, refusalOf } from '../refusals/refusal.js';
import { type CallFields, callFields, keyOf, type ReadChunk, readChunk } from './chunkFields.js';
import type { GrpcLimits } from './grpcLimits.js';
import { statusOf } from './grpcStatus.js';
import type { SegmentChunk, SegmentSpeaker } from './messages.js';
import { isSinglePrecision, isUnreadable, SERVICE_NAME, spelledFor } from './realtimeProto.js';

/** Shared by all streams of one server. */
export interface GrpcSurface extends KeyCheck {
  readonly engine: Engine;
  readonly slots: StreamSlots;
  readonly limits: GrpcLimits;
  readonly tracing: Tracing;
  report(failure: FailureReport): void;
  /** Protects the connection of an admitted stream; the returned function ends that. */
  keep(peer: string): () => void;
}

type Call = ServerDuplexStream<SegmentChunk, SegmentSpeaker>;

/** Initial metadata: codes of warnings, e.g. NOBODY_ENROLLED. */
const WARNING_KEY = 'voice-prints-warning';
/** The speaker_id of a voice that is not enrolled. */
const NOBODY = 'UserNotIdentified';
/** Delay between attempts while the engine is full; meanwhile flow control holds the client back. */
const BUSY_MS = 200;
/** Below this, a chunk says too little of who speaks in it, and below a quarter of it no speech is found. */
const LEAST_CHUNK_MS = 1_000;
/** How often the key of an open stream is checked again. */
const KEY_MS = 1_000;

/** Serves one call: key, place, then chunk after chunk; always ends it with a status. */
export function identifySpeaker(surface: GrpcSurface, call: Call): void {
  const gone = new AbortController();
  const held: (() => void)[] = [];
  call.once('cancelled', () => gone.abort());
  const span = spanOf(surface, call);
  const traced = { ...surface, span };
  const work = async () => {
    try {
      const caller = await admitStream(surface, keyOf(call.metadata), callerOf(surface, call));
      const { tenantId } = caller;
      held.push(surface.slots.take(tenantId), surface.keep(call.getPeer()));
      const end = (thrown: unknown): void => {
        gone.abort(); // first: aborted work must not report anything more
        refuse(traced, call, thrown);
      };
      const watching = setInterval(
        guarded(end, () => assertStillHeld(surface, caller)),
        KEY_MS,
      );
      held.push(() => clearInterval(watching));
      await answerChunks(traced, call, tenantId, gone.signal);
      if (!gone.signal.aborted) call.end();
    } catch (thrown) {
      if (!gone.signal.aborted) refuse(traced, call, thrown);
    } finally {
      span.end();
      for (const giveBack of held) giveBack();
      gone.abort();
    }
  };
  span.within(guarded(() => call.destroy(), work));
}

/** The surface of one call. */
interface TracedSurface extends GrpcSurface {
  readonly span: Span;
}

function spanOf({ tracing }: GrpcSurface, { metadata }: Call): Span {
  const [parent] = metadata.get('traceparent').map(String);
  const method = 'IdentifySpeaker';
  const facts = { 'rpc.system': 'grpc', 'rpc.service': SERVICE_NAME, 'rpc.method': method };
  return tracing.start(`${SERVICE_NAME}/${method}`, { kind: 'server', parent, joins: true, facts });
}

function refuse({ report, span }: TracedSurface, call: Call, thrown: unknown): void {
  const refusal = refusalOf(thrown);
  noteRefusal(span, refusal);
  call.emit('error', statusOf(refusal)); // how grpc-js ends a call with a status
  if (refusal.type === 'api_error') report({ requestId: 'grpc', code: refusal.code, error: thrown });
}

async function answerChunks(surface: TracedSurface, call: Call, tenantId: string, gone: AbortSignal): Promise<void> {
  const fields = callFields(call.metadata);
  const { maxChunkMs, maxDecodeMs, maxMessageBytes } = surface.limits;
  const session = surface.engine.identifyChunks({
    tenantId,
    ...present({ speakerIds: fields.speakerIds, falseAcceptPercent: fields.falseAcceptPercent }),
    limits: { maxDurationMs: maxChunkMs, maxBytes: maxMessageBytes, maxDecodeMs },
    leastChunkMs: LEAST_CHUNK_MS,
  });
  let isFirst = true;
  let chunks = 0;
  let lastId = 0;
  // The messages of the DeepAffects service have no field for it, and every client ignores unknown metadata.
  const warn = (warnings: IdentifiedChunk['warnings']): void => {
    if (!isFirst) return;
    isFirst = false;
    const metadata = new Metadata();
    for (const { code } of warnings) metadata.add(WARNING_KEY, code);
    call.sendMetadata(metadata);
  };
  const send = async (answers: readonly SegmentSpeaker[], isSingle: boolean): Promise<void> => {
    for (const answer of answers) {
      if (!call.write(spelledFor(answer, isSingle))) await once(call, 'drain', { signal: gone });
    }
  };
  let isSingle = false;
  for await (const chunk of chunksOf(call, surface.limits.idleMs)) {
    chunks += 1;
    lastId = chunk.id;
    isSingle = isSinglePrecision(chunk);
    surface.span.set({ 'voice_prints.chunks': chunks });
    surface.gate?.assertAudioLeft(tenantId); // other streams of the tenant use its minutes too
    const answers = await answersTo(chunk, { surface, tenantId, session, fields, gone, warn });
    isFirst = false;
    await send(answers, isSingle);
  }
  const rest = await whenFree(() => session.finish({ signal: gone }), gone);
  if (!rest) return;
  surface.gate?.used(tenantId, rest.heard * 1000);
  await send(
    rest.segments.map((segment) => answerOf(lastId, segment)),
    isSingle,
  );
}

/** The chunks, one at a time: unread ones stay with the client (flow control of HTTP/2). */
async function* chunksOf(call: Call, idleMs: number): AsyncGenerator<SegmentChunk> {
  const chunks = call.iterator({ destroyOnReturn: false }) as AsyncIterator<SegmentChunk>;
  for (;;) {
    const idle = new AbortController();
    const waiting = delay(idleMs, undefined, { signal: idle.signal, ref: false }).then(() => {
      throw httpRefusal('BODY_TIMEOUT', `no chunk arrived for ${idleMs / 1000} seconds; open a new stream`);
    });
    waiting.catch(() => undefined); // aborted below in the usual case
    try {
      const next = await Promise.race([chunks.next(), waiting]);
      if (next.done) return;
      if (isUnreadable(next.value)) {
        throw new VoicePrintsError(
          'INPUT_INVALID',
          'a message is not a SegmentChunk; send the messages that the interface defines',
        );
      }
      yield next.value;
    } finally {
      idle.abort();
    }
  }
}

interface Answering {
  readonly surface: GrpcSurface;
  readonly tenantId: string;
  readonly session: ChunkSession;
  readonly fields: CallFields;
  readonly gone: AbortSignal;
  /** Sent once, before the first answer. */
  readonly warn: (warnings: IdentifiedChunk['warnings']) => void;
}

/** One answer per turn. An unusable chunk is answered with the reason, and the stream continues: clients print both. */
async function answersTo(chunk: SegmentChunk, answering: Answering): Promise<SegmentSpeaker[]> {
  const { surface, tenantId, session, fields, gone, warn } = answering;
  try {
    const identification = await identified(session, readChunk(chunk, fields), gone);
    warn(identification.warnings);
    surface.gate?.used(tenantId, identification.heard * 1000);
    const answers = identification.segments.map((segment) => answerOf(chunk.id, segment));
    if (answers.length > 0 || !fields.isVerbose) return answers;
    const { start, end, isHeld } = identification;
    return [{ id: chunk.id, start, end, Error: isHeld ? HELD : SILENT }];
  } catch (thrown) {
    const refusal = refusalOf(thrown);
    if (!isOfChunk(refusal, chunk)) throw thrown;
    return [{ id: chunk.id, Error: `${refusal.message} [${refusal.code}]` }];
  }
}

/** Whether the stream may continue: not where the server failed, nor where the call itself names invalid people. */
const isOfChunk = ({ type, code }: Refusal, chunk: SegmentChunk): boolean =>
  type === 'params_invalid' && (!code.startsWith('SPEAKER_') || chunk.speakerIds.length > 0);

const SILENT = 'there is no speech in this chunk [AUDIO_NO_SPEECH]';
const HELD = 'this chunk is short; it is answered together with those that follow [AUDIO_TOO_SHORT]';

const identified = (session: ChunkSession, chunk: ReadChunk, gone: AbortSignal): Promise<IdentifiedChunk> =>
  whenFree(() => session.identify({ source: chunk.source, ...present(chunk) }, { signal: gone }), gone);

/** The outcome of work that the engine may have no room for yet. */
async function whenFree<T>(work: () => Promise<T>, gone: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (thrown) {
      if (asVoicePrintsError(thrown).code !== 'ENGINE_BUSY') throw thrown;
      await delay(BUSY_MS, undefined, { signal: gone });
    }
  }
}

const answerOf = (id: number, segment: IdentifiedSegment): SegmentSpeaker => ({
  id,
  speaker_id: (segment.decision === 'identified' ? segment.speakerId : null) ?? NOBODY,
  start: segment.start,
  end: segment.end,
  identification_score: segment.score,
});

/** The client's address of a call; see TrustedProxies. */
function callerOf({ proxies }: GrpcSurface, call: Call): string {
  const peer = addressOf(call.getPeer());
  const forwarded = call.metadata.get('x-forwarded-for').map(String);
  return proxies && peer !== 'unknown' ? proxies.addressOf(peer, forwarded.length > 0 ? forwarded : undefined) : peer;
}

/** `1.2.3.4:5678` or `[::1]:5678` without its port. */
export const addressOf = (peer: string): string => peer.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
