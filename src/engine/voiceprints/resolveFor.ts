import type { ResolvedTurn, VoicesInput, VoicesResult } from '../../identity/resolveVoices.js';
import type { ResolvedCandidate } from '../../identity/voices.js';
import type { Compute } from '../compute/compute.js';
import type { Nameable } from './nameable.js';

type Distributed<T> = T extends VoicesInput ? Omit<T, 'voices'> : never;

/** Clusters and names the voices of a recording among these people: a gallery is shared with the worker thread, not copied. */
export async function resolveFor(
  { enrolled }: Nameable,
  input: Distributed<VoicesInput>,
  { compute, signal }: { readonly compute: Compute; readonly signal: AbortSignal },
): Promise<VoicesResult> {
  if (!('view' in enrolled)) return compute.resolveVoices({ ...input, voices: enrolled }, signal);
  const result = await compute.resolveVoices({ ...input, voices: enrolled.view.parts }, signal);
  return { ...result, turns: result.turns.map((turn) => withIds(turn, (number) => enrolled.idOf(Number(number)))) };
}

/** Ids in place of numbers; whoever was erased meanwhile is nobody. */
function withIds(turn: ResolvedTurn, idOf: (number: string) => string | undefined): ResolvedTurn {
  const candidates = turn.candidates.flatMap((one): ResolvedCandidate[] => {
    const speakerId = idOf(one.speakerId);
    return speakerId === undefined ? [] : [{ ...one, speakerId }];
  });
  if (turn.speakerId === null) return { ...turn, candidates };
  const speakerId = idOf(turn.speakerId) ?? null;
  return { ...turn, candidates, speakerId, decision: speakerId === null ? 'unknown' : turn.decision };
}
