import { useCallback } from 'preact/hooks';
import { Enrol } from '../enrol/enrol.js';
import { useHome } from '../shared/home.js';
import { Problem } from '../shared/problem.js';
import { useLoaded } from '../shared/useLoaded.js';

/** Whom the dialog names; undefined where that comes with a message. */
export interface PersonChoice {
  readonly speakerId: string | undefined;
  readonly name: string | undefined;
}

interface EnrolHereProps {
  readonly person: PersonChoice;
  onDone(): void;
}

/** Enrols at once, for those who have the permission. */
export function EnrolHere({ person: { speakerId, name }, onDone }: EnrolHereProps) {
  const { client, text, mayEnrol } = useHome();
  const { value: people, refused } = useLoaded(useCallback(() => client.people(), [client]));
  if (!mayEnrol) return <p class="vp-hint">{text('panel.readOnly')}</p>;
  const known = people?.find((one) => one.speakerId === speakerId);
  return (
    <>
      <Problem refused={refused} />
      {people && <Enrol people={people} person={known} proposed={{ speakerId, name }} onDone={onDone} />}
    </>
  );
}
