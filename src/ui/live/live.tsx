import { useCallback, useState } from 'preact/hooks';
import { useHome } from '../shared/home.js';
import { LevelMeter } from '../shared/levelMeter.js';
import { Problem } from '../shared/problem.js';
import { TIER_TEXTS, tierOf } from '../shared/tiers.js';
import { useLoaded } from '../shared/useLoaded.js';
import { TurnList } from '../turns/turnList.js';
import { NameVoice } from '../unknown/nameVoice.js';
import { type ShownTurn, voiceOf } from './liveTurns.js';
import { SessionTurns } from './sessionTurns.js';
import { Sources } from './sources.js';
import { useListening } from './useListening.js';

interface LiveProps {
  /** Turns are remembered here and can be confirmed and corrected; else unknown voices can be named while the stream runs. */
  readonly hasReview: boolean;
}

/** Who speaks at the browser's microphone, and at the sources that the server listens to by itself. */
export function Live({ hasReview }: LiveProps) {
  const { client, text, mayEnrol } = useHome();
  const { live, phase, loudnessDb, refused, start, stop, stream } = useListening();
  const [site, setSite] = useState('browser');
  const [naming, setNaming] = useState<string | undefined>();
  const isIdle = phase === 'idle';
  const { openStream } = client;
  const name = useCallback(
    (cluster: string | null) => (cluster === null || !mayEnrol ? undefined : () => setNaming(cluster)),
    [mayEnrol],
  );
  return (
    <section class="vp-live" aria-labelledby="vp-live-title">
      <h2 id="vp-live-title">{text('live.title')}</h2>
      {start && openStream && (
        <div class="vp-listen">
          <label class="vp-field">
            {text('live.site')}
            <input
              value={site}
              maxLength={128}
              autoComplete="off"
              disabled={!isIdle}
              onInput={(event) => setSite(event.currentTarget.value)}
            />
          </label>
          {isIdle ? (
            <button type="button" class="vp-main" onClick={() => start(openStream, site.trim() || 'browser')}>
              {text('live.listen')}
            </button>
          ) : (
            <button type="button" disabled={phase === 'ending' || phase === 'opening'} onClick={stop}>
              {text('live.stop')}
            </button>
          )}
        </div>
      )}
      <p class="vp-live-status" role="status">
        {text(`live.${phase}`)} {live.lostSeconds > 0 && text('live.lost', { seconds: live.lostSeconds.toFixed(1) })}
      </p>
      <Problem refused={refused} />
      {isIdle && hasReview && mayEnrol && <NobodyYet />}
      {!isIdle && <LevelMeter loudnessDb={loudnessDb} />}
      {!isIdle && live.warning && (
        <p class="vp-hint">
          {live.warning.code === 'NOBODY_ENROLLED' ? text('live.nobodyEnrolled') : live.warning.message}
        </p>
      )}
      <div class="vp-now" aria-live="polite" aria-atomic="true">
        {live.now && <Now turn={live.now.turn} isGuess={live.now.isGuess} />}
      </div>
      {hasReview && mayEnrol && live.sessionId !== undefined ? (
        <SessionTurns sessionId={live.sessionId} revision={live.revision} />
      ) : (
        <TurnList turns={live.turns} onName={isIdle ? undefined : name} />
      )}
      <Sources />
      <p class="vp-hint">{text('live.privacy')}</p>
      {naming !== undefined && (
        <NameVoice
          unknownId={naming}
          enrol={async (request) => {
            const open = stream();
            if (open === undefined) throw new Error(text('problem.streamOver'));
            return open.enrolUnknown(request);
          }}
          onDone={() => setNaming(undefined)}
        />
      )}
    </section>
  );
}

/** Says what comes first where nobody is enrolled. */
function NobodyYet() {
  const { client, text } = useHome();
  const { value: people } = useLoaded(useCallback(() => client.people(), [client]));
  if (people?.length !== 0) return null;
  return (
    <p>
      {text('people.first')} <a href="#people">{text('people.enrol')}</a>
    </p>
  );
}

function Now({ turn, isGuess }: { readonly turn: ShownTurn; readonly isGuess: boolean }) {
  const { text } = useHome();
  const tier = tierOf(turn.decision);
  const voice = voiceOf(turn) ?? text('tier.unmatched');
  return (
    <p class={`vp-speaking vp-tier-${tier}${isGuess ? ' vp-guess' : ''}`}>
      {tier === 'suggested' ? `${voice}?` : voice} <span class="vp-badge">{text(TIER_TEXTS[tier])}</span>
    </p>
  );
}
