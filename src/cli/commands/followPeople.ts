import { guarded } from '../../core/guarded.js';
import type { NamedPerson } from '../../events/index.js';
import type { Engine } from '../../index.js';

/** How often the people enrolled are looked at. */
const LOOK_MS = 60_000;

interface Published {
  /** Ids of the people whom retained messages of this process name. */
  readonly people: readonly string[];
  /** Everybody who may be named. */
  setPeople(people: readonly NamedPerson[]): void;
  /** Withdraws what is retained of a person. */
  erase(speakerId: string): void;
}

export interface FollowedPeople extends Disposable {
  /** Settles when they were looked at for the first time; never rejects. */
  readonly ready: Promise<void>;
  /** Looks now: somebody may have been enrolled. */
  look(): void;
}

/**
 * Announces who is enrolled, and withdraws what is retained of people whom another program has erased, such as `speakers
 * delete` beside `serve`.
 */
export function followPeople(engines: () => readonly Engine[], published: Published): FollowedPeople {
  const read = async (): Promise<void> => {
    const lists = await Promise.all(engines().map((engine) => engine.speakers().list()));
    const enrolled = new Map(lists.flat().map(({ speakerId, name }) => [speakerId, { speakerId, name }]));
    published.setPeople([...enrolled.values()]);
    for (const speakerId of published.people) if (!enrolled.has(speakerId)) published.erase(speakerId);
  };
  // A store that does not answer is looked at again with the next turn of the clock.
  const look = guarded(() => undefined, read);
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  const ready = read().catch(() => undefined);
  return { ready, look, [Symbol.dispose]: () => clearInterval(timer) };
}
