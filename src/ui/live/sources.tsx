import { useCallback } from 'preact/hooks';
import { useHome } from '../shared/home.js';
import { useLoaded } from '../shared/useLoaded.js';

const EVERY_MS = 5_000;

/** Sources that the server listens to by itself, where there are any. */
export function Sources({ title }: { readonly title?: string }) {
  const { client, text } = useHome();
  const { value: sources } = useLoaded(
    useCallback(() => client.sources(), [client]),
    EVERY_MS,
  );
  if (sources === undefined || sources.length === 0) return null;
  return (
    <>
      <h3>{title ?? text('live.sources')}</h3>
      <ul class="vp-rows">
        {sources.map(({ source, site, status, code, message, present }) => (
          <li key={source}>
            <strong>{site}</strong> <span>{isWord(present) ? text(`present.${present}`) : present}</span>{' '}
            <span class="vp-hint" title={message}>
              {source}: {text(`source.${status}`)}
              {code && ` (${code})`}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Whether it is no name. */
const isWord = (present: string | undefined): present is 'nobody' | 'unknown' =>
  present === 'nobody' || present === 'unknown';
