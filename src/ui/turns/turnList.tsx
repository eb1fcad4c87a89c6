import { type ShownTurn, voiceOf } from '../live/liveTurns.js';
import { clock, percent } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { TIER_TEXTS, tierOf } from '../shared/tiers.js';
import { Why } from './why.js';

interface TurnListProps {
  /** Newest first. */
  readonly turns: readonly ShownTurn[];
  /** The action that makes a person of an unknown voice; undefined where it cannot be done. */
  readonly onName?: ((cluster: string | null) => (() => void) | undefined) | undefined;
}

/** Turns that are over: who, when, how certain and why. */
export function TurnList({ turns, onName }: TurnListProps) {
  const { text, language } = useHome();
  if (turns.length === 0) return null;
  return (
    <>
      <h3>{text('turns.title')}</h3>
      <ol class="vp-turns">
        {turns.map((turn) => {
          const tier = tierOf(turn.decision);
          const name = tier === 'certain' ? undefined : onName?.(turn.cluster);
          const voice = voiceOf(turn) ?? text('tier.unmatched');
          return (
            <li key={turn.turnId} class={`vp-tier-${tier}`} data-turn={turn.turnId}>
              <time>
                {clock(turn.start)}–{clock(turn.end)}
              </time>
              <span class="vp-voice">{tier === 'suggested' ? `${voice}?` : voice}</span>
              <span class="vp-badge">
                {text(TIER_TEXTS[tier])}
                {tier !== 'unmatched' && ` ${percent(turn.score, language)}`}
              </span>
              <Why turn={turn} />
              {name && (
                <button type="button" onClick={name}>
                  {text('unknown.thisIs')}
                </button>
              )}
            </li>
          );
        })}
      </ol>
    </>
  );
}
