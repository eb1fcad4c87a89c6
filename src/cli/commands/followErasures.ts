import { guarded } from '../../core/guarded.js';
import type { Engine } from '../../index.js';

/** How often the people enrolled are looked at. */
const LOOK_MS = 60_000;

interface Published {
  /** Ids of the people whom retained messages of this process name. */
  readonly people: readonly string[];
  /** Withdraws what is retained of a person. */
  erase(speakerId: string): void;
}

/** Withdraws what is retained of people whom another program has erased, such as `speakers delete` beside `serve`. */
export function followErasures(engines: () => readonly Engine[], published: Published): Disposable {
  const look = async (): Promise<void> => {
    const { people } = published;
    if (people.length === 0) return;
    const lists = await Promise.all(engines().map((engine) => engine.speakers().list()));
    const enrolled = new Set(lists.flat().map(({ speakerId }) => speakerId));
    for (const speakerId of people) if (!enrolled.has(speakerId)) published.erase(speakerId);
  };
  // A store that does not answer is looked at again with the next turn of the clock.
  const timer = setInterval(
    guarded(() => undefined, look),
    LOOK_MS,
  );
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
