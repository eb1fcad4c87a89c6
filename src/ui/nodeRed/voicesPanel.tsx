import { useState } from 'preact/hooks';
import { Sources } from '../live/sources.js';
import { People } from '../people/people.js';
import { RecentTurns } from '../review/recentTurns.js';
import { useHome } from '../shared/home.js';
import type { TextKey } from '../texts/catalogue.js';
import { UnknownVoices } from '../unknown/unknownVoices.js';
import { FirstSteps } from './firstSteps.js';
import { StoreHome, type StorePlace } from './storeHome.js';
import { TryHere } from './tryHere.js';

/** A speaker-store node of the flow. */
export interface StoreOfFlow {
  readonly id: string;
  readonly name: string;
}

interface VoicesPanelProps {
  readonly stores: readonly StoreOfFlow[];
  /** Stable: the same place for the same store. */
  placeOf(id: string): StorePlace;
}

const VIEWS = {
  now: 'panel.now',
  people: 'people.title',
  unknown: 'unknown.title',
  recording: 'panel.recording',
} as const satisfies Record<string, TextKey>;
type View = keyof typeof VIEWS;

/** Everything about the voices of one store, in a narrow column. */
export function VoicesPanel({ stores, placeOf }: VoicesPanelProps) {
  const [chosen, setChosen] = useState<string | undefined>();
  const store = stores.find(({ id }) => id === chosen) ?? stores[0];
  const [places] = useState(() => new Map<string, StorePlace>());
  const known = (id: string): StorePlace => {
    const place = places.get(id) ?? placeOf(id);
    places.set(id, place);
    return place;
  };
  if (store === undefined) return null;
  const place = known(store.id);
  return (
    <>
      {stores.length > 1 && (
        <label class="vp-field vp-store">
          {place.text('panel.store')}
          <select value={store.id} onChange={(event) => setChosen(event.currentTarget.value)}>
            {stores.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <StoreHome place={place} key={store.id}>
        <Views />
      </StoreHome>
    </>
  );
}

function Views() {
  const { text } = useHome();
  const [view, setView] = useState<View>('now');
  return (
    <>
      <nav class="vp-tabs" aria-label={text('console.title')}>
        {(Object.keys(VIEWS) as View[]).map((name) => (
          <button key={name} type="button" aria-pressed={name === view} onClick={() => setView(name)}>
            {text(VIEWS[name])}
          </button>
        ))}
      </nav>
      {view === 'now' && (
        <section aria-label={text('panel.now')}>
          <Sources title={text('panel.sources')} />
          <RecentTurns
            whileEmpty={<FirstSteps onPeople={() => setView('people')} onRecording={() => setView('recording')} />}
          />
        </section>
      )}
      {view === 'people' && <People />}
      {view === 'unknown' && <UnknownVoices />}
      {view === 'recording' && (
        <section aria-label={text('panel.recording')}>
          <p class="vp-hint">{text('panel.recordingHint')}</p>
          <TryHere />
        </section>
      )}
    </>
  );
}
