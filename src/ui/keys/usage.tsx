import { useCallback } from 'preact/hooks';
import type { ServerClient } from '../client/serverClient.js';
import { decimal } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { Problem } from '../shared/problem.js';
import { useLoaded } from '../shared/useLoaded.js';

const EVERY_MS = 10_000;

/** What was used today, beside the limits. */
export function UsageView({ client }: { readonly client: ServerClient }) {
  const { text, language } = useHome();
  const { value, refused } = useLoaded(
    useCallback(() => client.usage(), [client]),
    EVERY_MS,
  );
  if (value === undefined) return <Problem refused={refused} />;
  const { day, audioMinutesToday, audioMinutesPerDay, callsThisMinute, callsPerMinute } = value;
  return (
    <section class="vp-card vp-usage" aria-labelledby="vp-usage-title">
      <h2 id="vp-usage-title">{text('usage.title')}</h2>
      <Amount
        label={text('usage.audio', { day })}
        used={decimal(audioMinutesToday, language)}
        share={audioMinutesPerDay === null ? undefined : audioMinutesToday / audioMinutesPerDay}
        limit={audioMinutesPerDay === null ? undefined : decimal(audioMinutesPerDay, language, 0)}
      />
      <Amount
        label={text('usage.calls')}
        used={decimal(callsThisMinute, language, 0)}
        share={callsPerMinute === null ? undefined : callsThisMinute / callsPerMinute}
        limit={callsPerMinute === null ? undefined : decimal(callsPerMinute, language, 0)}
      />
    </section>
  );
}

interface AmountProps {
  readonly label: string;
  readonly used: string;
  readonly limit: string | undefined;
  readonly share: number | undefined;
}

function Amount({ label, used, limit, share }: AmountProps) {
  const { text } = useHome();
  return (
    <p class="vp-amount">
      {label}: {limit === undefined ? text('usage.noLimit', { used }) : text('usage.of', { used, limit })}
      {share !== undefined && <meter aria-label={label} min={0} max={1} high={0.9} optimum={0} value={share} />}
    </p>
  );
}
