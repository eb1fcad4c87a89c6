import type { LiveEvent } from '../../core/live.js';
import type { SessionKeeping } from '../../engine/requests/sessionKeeping.js';
import { ResumeKey } from '../keptStreams/resumeKey.js';
import { type KeptSide, StreamKeeper } from '../keptStreams/streamKeeper.js';
import type { RestoredStream, StreamKeeping, StreamSessionOptions } from './streamSessionOptions.js';

type KeeperSide = Pick<StreamSessionOptions, 'tenantId' | 'resumeMs' | 'audio'> & { readonly side: KeptSide };

/** Keeps a stream for other processes. */
export function keeperOf(
  { streams, sessionId, from }: StreamKeeping,
  token: string,
  { tenantId, resumeMs, audio, side }: KeeperSide,
): StreamKeeper {
  return new StreamKeeper({
    ...{ streams, sessionId, tenantId, resumeMs, side, epoch: from?.epoch ?? 1 },
    key: new ResumeKey(token, sessionId),
    from: audio.placeOf(from?.head.sample ?? 0),
  });
}

/** The engine's side of it. */
export const engineKeeping = (from: RestoredStream | undefined, keeper: StreamKeeper | undefined): SessionKeeping => ({
  from: from && { sample: from.head.sample, bytes: from.learnt },
  onSettled: (session) => keeper?.settled(session),
});

/** A stream that goes on in another process is not reported as opened again: its client knows. */
export class KnownOpening {
  #isAwaited: boolean;

  /** @param isAwaited true for a stream from another process */
  constructor(isAwaited: boolean) {
    this.#isAwaited = isAwaited;
  }

  isKnown(event: LiveEvent): boolean {
    if (!this.#isAwaited || event.type !== 'state') return false;
    const { status, code } = event.state;
    this.#isAwaited = status === 'connecting';
    return code === undefined && (status === 'connecting' || status === 'open');
  }
}
