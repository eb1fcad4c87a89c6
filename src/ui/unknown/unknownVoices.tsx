import { useCallback, useState } from 'preact/hooks';
import type { UnknownVoiceSummary } from '../../core/unknownVoice.js';
import { SayWho } from '../review/sayWho.js';
import { decimal, moment } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { Problem } from '../shared/problem.js';
import { useLoaded } from '../shared/useLoaded.js';
import { useTask } from '../shared/useTask.js';

const EVERY_MS = 5_000;

/** Unknown voices that are kept, until when, and what can be done with them. */
export function UnknownVoices() {
  const { client, text } = useHome();
  const { value, refused, reload } = useLoaded(
    useCallback(() => client.unknownVoices(), [client]),
    EVERY_MS,
  );
  const [named, setNamed] = useState<string | undefined>();
  return (
    <section class="vp-unknown" aria-label={text('unknown.title')}>
      <Problem refused={refused} />
      {value && <p class="vp-hint">{policyText(value.strangers, text)}</p>}
      {value?.unknownVoices.length === 0 && <p class="vp-empty">{text('unknown.none')}</p>}
      <ul class="vp-cards">
        {value?.unknownVoices.map((voice) => (
          <Voice key={voice.unknownId} voice={voice} onName={() => setNamed(voice.unknownId)} onForgotten={reload} />
        ))}
      </ul>
      {named !== undefined && (
        <SayWho
          title={text('unknown.nameTitle', { voice: named })}
          target={{ cluster: named }}
          onDone={() => {
            setNamed(undefined);
            reload();
          }}
        />
      )}
    </section>
  );
}

function policyText(strangers: string, text: ReturnType<typeof useHome>['text']): string {
  const [, days] = /^days=(\d+)$/.exec(strangers) ?? [];
  if (days !== undefined) return text('unknown.keptDays', { days });
  return text(strangers === 'none' ? 'unknown.keptNone' : 'unknown.keptSession');
}

interface VoiceProps {
  readonly voice: UnknownVoiceSummary;
  onName(): void;
  onForgotten(): void;
}

function Voice({ voice, onName, onForgotten }: VoiceProps) {
  const { client, text, language, mayEnrol, mayAdminister } = useHome();
  const { isRunning, refused, run } = useTask();
  const { unknownId, speechSeconds, lastHeardAt, expiresAt, isStale } = voice;
  const forget = () =>
    run(async () => {
      await client.forget(unknownId);
      onForgotten();
    });
  return (
    <li class="vp-card" data-voice={unknownId}>
      <h3>{unknownId}</h3>
      <p>
        {text('unknown.speech', { seconds: decimal(speechSeconds, language), time: moment(lastHeardAt, language) })}
      </p>
      <p class="vp-hint">
        {expiresAt === null
          ? text('unknown.untilSession')
          : text('unknown.until', { time: moment(expiresAt, language) })}{' '}
        {isStale && text('unknown.stale')}
      </p>
      <Problem refused={refused} />
      <div class="vp-actions">
        {mayEnrol && !isStale && (
          <button type="button" onClick={onName}>
            {text('unknown.thisIs')}
          </button>
        )}
        {mayAdminister && (
          <button type="button" class="vp-danger" disabled={isRunning} onClick={forget}>
            {text('unknown.forget')}
          </button>
        )}
      </div>
    </li>
  );
}
