import { useCallback } from 'preact/hooks';
import { useHome } from '../shared/home.js';
import { useLoaded } from '../shared/useLoaded.js';

interface FirstStepsProps {
  onPeople(): void;
  onRecording(): void;
}

/** What to do while nothing was heard: enrol somebody, try it, and wire a live source. */
export function FirstSteps({ onPeople, onRecording }: FirstStepsProps) {
  const { client, text, mayEnrol } = useHome();
  const { value: people } = useLoaded(useCallback(() => client.people(), [client]));
  if (people === undefined) return null;
  const isNobody = people.length === 0;
  return (
    <section aria-label={text('first.title')}>
      <h3>{text('first.title')}</h3>
      <ol class="vp-steps">
        {mayEnrol && isNobody && (
          <li>
            {text('first.enrol')}
            <div class="vp-actions">
              <button type="button" class="vp-main" onClick={onPeople}>
                {text('people.enrol')}
              </button>
            </div>
          </li>
        )}
        {mayEnrol && (
          <li>
            {text('first.try')}
            <div class="vp-actions">
              <button type="button" class={isNobody ? '' : 'vp-main'} onClick={onRecording}>
                {text('panel.recording')}
              </button>
            </div>
          </li>
        )}
        <li>{text('first.live')}</li>
      </ol>
    </section>
  );
}
