import { useCallback, useState } from 'preact/hooks';
import type { SpeakerSummary } from '../../core/identification.js';
import { Enrol } from '../enrol/enrol.js';
import { decimal, moment } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { Modal } from '../shared/modal.js';
import { Problem } from '../shared/problem.js';
import { useLoaded } from '../shared/useLoaded.js';
import { MergePeople } from './mergePeople.js';
import { ErasePerson, RenamePerson } from './personDialogs.js';
import { Samples } from './samples.js';

type Opened =
  | { readonly kind: 'enrol'; readonly person?: SpeakerSummary }
  | { readonly kind: 'rename' | 'erase' | 'samples' | 'merge'; readonly person: SpeakerSummary };

/** The enrolled people: what their voiceprints are worth, and what can be done with them. */
export function People() {
  const { client, text, mayEnrol } = useHome();
  const { value: people, refused, reload } = useLoaded(useCallback(() => client.people(), [client]));
  const lastHeard = useLastHeard();
  const [opened, setOpened] = useState<Opened | undefined>();
  const close = () => {
    setOpened(undefined);
    reload();
  };
  return (
    <section class="vp-people" aria-labelledby="vp-people-title">
      <div class="vp-head">
        <h2 id="vp-people-title">{text('people.title')}</h2>
        {mayEnrol && (
          <button type="button" class="vp-main" onClick={() => setOpened({ kind: 'enrol' })}>
            {text('people.enrol')}
          </button>
        )}
      </div>
      <Problem refused={refused} />
      {people?.length === 0 && <p class="vp-empty">{text('people.none')}</p>}
      {people !== undefined && people.length > 0 && (
        <ul class="vp-cards">
          {people.map((person) => (
            <Person
              key={person.speakerId}
              person={person}
              lastHeardAt={lastHeard.get(person.speakerId)}
              mayMerge={people.length > 1}
              onOpen={(kind) => setOpened({ kind, person })}
            />
          ))}
        </ul>
      )}
      {opened?.kind === 'enrol' && (
        <Modal
          title={opened.person ? text('enrol.titleMore', { name: opened.person.name }) : text('enrol.title')}
          onClose={close}
        >
          <Enrol people={people ?? []} person={opened.person} onDone={close} />
        </Modal>
      )}
      {opened?.kind === 'samples' && <Samples person={opened.person} people={people ?? []} onDone={close} />}
      {opened?.kind === 'merge' && <MergePeople person={opened.person} people={people ?? []} onDone={close} />}
      {opened?.kind === 'rename' && <RenamePerson person={opened.person} onDone={close} />}
      {opened?.kind === 'erase' && <ErasePerson person={opened.person} onDone={close} />}
    </section>
  );
}

const MOST_TURNS = 1_000;

/** When each person was last named, of the turns that are remembered. */
function useLastHeard(): ReadonlyMap<string, string> {
  const { client } = useHome();
  const { value: turns = [] } = useLoaded(useCallback(() => client.turns({ limit: MOST_TURNS }), [client]));
  // Newest first: the last entry of a person would be the oldest.
  return new Map([...turns].reverse().flatMap(({ speakerId, heardAt }) => (speakerId ? [[speakerId, heardAt]] : [])));
}

interface PersonProps {
  readonly person: SpeakerSummary;
  /** Undefined where no turn of theirs is remembered. */
  readonly lastHeardAt: string | undefined;
  readonly mayMerge: boolean;
  onOpen(kind: Opened['kind']): void;
}

function Person({ person, lastHeardAt, mayMerge, onOpen }: PersonProps) {
  const { text, language, mayEnrol, mayAdminister } = useHome();
  const { name, speakerId, isComplete, isStale, quality, speechSeconds, samples, consent, updatedAt } = person;
  return (
    <li class="vp-card" data-speaker={speakerId}>
      <h3>
        {name} {speakerId !== name && <code>{speakerId}</code>}
      </h3>
      <p>
        <span class={`vp-badge vp-${isComplete && !isStale ? 'good' : 'warn'}`}>
          {text(isStale ? 'people.stale' : isComplete ? 'people.complete' : 'people.incomplete')}
        </span>{' '}
        {text(`quality.${quality}`)}
      </p>
      {isStale && <p class="vp-hint">{text('people.staleHint')}</p>}
      <dl class="vp-facts">
        <dt>{text('people.speech')}</dt>
        <dd>{text('people.speechOf', { seconds: decimal(speechSeconds, language), samples })}</dd>
        <dt>{text('people.consent')}</dt>
        <dd>
          {consent ? (
            <details>
              <summary>{moment(consent.givenAt, language)}</summary>
              <p>{consent.text}</p>
              {consent.version && <p class="vp-hint">{text('people.consentVersion', { version: consent.version })}</p>}
            </details>
          ) : (
            text('people.noConsent')
          )}
        </dd>
        {lastHeardAt !== undefined && (
          <>
            <dt>{text('people.lastHeard')}</dt>
            <dd>{moment(lastHeardAt, language)}</dd>
          </>
        )}
        <dt>{text('people.updated')}</dt>
        <dd>{moment(updatedAt, language)}</dd>
      </dl>
      <div class="vp-actions">
        {mayEnrol && (
          <button type="button" onClick={() => onOpen('enrol')}>
            {text('people.addSamples')}
          </button>
        )}
        {mayAdminister && (
          <>
            <button type="button" onClick={() => onOpen('samples')}>
              {text('people.more')}
            </button>
            {mayMerge && (
              <button type="button" onClick={() => onOpen('merge')}>
                {text('people.merge')}
              </button>
            )}
            <button type="button" onClick={() => onOpen('rename')}>
              {text('people.rename')}
            </button>
            <button type="button" class="vp-danger" onClick={() => onOpen('erase')}>
              {text('people.erase')}
            </button>
          </>
        )}
      </div>
    </li>
  );
}
