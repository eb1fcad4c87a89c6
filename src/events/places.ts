import type { IdentifiedSegment } from '../core/identification.js';
import { isTurnEvent, type RelabelEvent, type TurnEvent } from './speakerEvent.js';

/** Sites, and streams of all of them, that are kept: more than anybody looks at, and a bound for what messages may fill. */
const MOST_SITES = 24;
const MOST_STREAMS = 12;
/** Turns of one stream that are kept. */
const MOST_TURNS = 200;

/** Somebody who is present, as `Presence` says it. */
export interface PresentPerson {
  readonly speaker_id: string;
  readonly speaker: string;
  readonly score: number;
}

/** Who is present at one site. */
export interface Place {
  readonly site: string;
  readonly people: readonly PresentPerson[];
  /** True where only voices that nobody knows are present. */
  readonly isUnknown: boolean;
}

/** What was heard last in one stream, or in one recording. */
export interface HeardStream {
  readonly site: string;
  readonly sessionId: string;
  /** In order of their beginnings; without candidates. */
  readonly segments: readonly IdentifiedSegment[];
  readonly startSeconds: number;
  readonly endSeconds: number;
}

export interface ShownPlaces {
  readonly places: readonly Place[];
  /** The one that was heard last comes first. */
  readonly streams: readonly HeardStream[];
}

interface KeptStream extends HeardStream {
  readonly heardAtMs: number;
}

/** What a person looks at: who is present at each site, and the turns that were heard last. Bounded; without a clock of its own. */
export class Places {
  readonly #spanSeconds: number;
  readonly #places = new Map<string, Place>();
  #streams: readonly KeptStream[] = [];

  /** @param spanSeconds of each stream that are kept */
  constructor(spanSeconds: number) {
    this.#spanSeconds = spanSeconds;
  }

  get shown(): ShownPlaces {
    const places = [...this.#places.values()].sort((a, b) => (a.site < b.site ? -1 : a.site > b.site ? 1 : 0));
    return { places, streams: this.#streams.map(({ heardAtMs: _, ...stream }) => stream) };
  }

  clear(): void {
    this.#places.clear();
    this.#streams = [];
  }

  /** The people present at a site have changed. */
  setPeople(site: string, people: readonly PresentPerson[]): void {
    this.#setPlace({ site, people, isUnknown: people.length === 0 && this.#places.get(site)?.isUnknown === true });
  }

  /** The text of presence has changed: `nobody`, `unknown`, or names, which come with their people, too. */
  setText(site: string, text: string): void {
    const people = text === 'nobody' || text === 'unknown' ? [] : (this.#places.get(site)?.people ?? []);
    this.#setPlace({ site, people, isUnknown: text === 'unknown' });
  }

  /** A person is called `name` from now on; null: they were erased, and what they said was said by an unknown voice. */
  setName(speakerId: string, name: string | null): void {
    this.#streams = this.#streams.map((stream) => ({
      ...stream,
      segments: stream.segments.map((segment) => {
        if (segment.speakerId !== speakerId) return segment;
        if (name !== null) return { ...segment, name };
        return { ...segment, decision: 'unknown', speakerId: null, name: null, cluster: segment.cluster ?? 'unknown' };
      }),
    }));
  }

  hear(event: TurnEvent | RelabelEvent, nowMs: number): void {
    if (!isTurnEvent(event)) this.#relabel(event);
    else if (event.event_type !== 'rejected') this.#addTurn(event, event.event_type, nowMs);
  }

  /** A whole recording, drawn from its beginning to its end. */
  showRecording(segments: readonly IdentifiedSegment[], endSeconds: number, nowMs: number): void {
    const ordered = [...segments].sort((a, b) => a.start - b.start);
    this.#put({ site: '', sessionId: '', segments: ordered, startSeconds: 0, endSeconds, heardAtMs: nowMs });
  }

  #setPlace(place: Place): void {
    this.#places.delete(place.site);
    this.#places.set(place.site, place);
    const [oldest] = this.#places.keys();
    if (this.#places.size > MOST_SITES && oldest !== undefined) this.#places.delete(oldest);
  }

  #addTurn(event: TurnEvent, decision: IdentifiedSegment['decision'], nowMs: number): void {
    const { site, session_id: sessionId } = event;
    const known = this.#streams.find((stream) => stream.site === site && stream.sessionId === sessionId);
    const endSeconds = Math.max(event.end, known?.endSeconds ?? 0);
    const startSeconds = Math.max(0, endSeconds - this.#spanSeconds);
    const segments = [...(known?.segments ?? []), segmentOf(event, decision)]
      .filter(({ end }) => end > startSeconds)
      .map((segment) => ({ ...segment, start: Math.max(segment.start, startSeconds) }))
      .sort((a, b) => a.start - b.start)
      .slice(-MOST_TURNS);
    this.#put({ site, sessionId, segments, startSeconds, endSeconds, heardAtMs: nowMs });
  }

  /** What was heard long ago gives way, but for the last stream of each site. */
  #put(stream: KeptStream): void {
    const others = this.#streams.filter(
      (other) =>
        !(other.site === stream.site && other.sessionId === stream.sessionId) &&
        (other.site !== stream.site || stream.heardAtMs - other.heardAtMs < 1000 * this.#spanSeconds),
    );
    this.#streams = [stream, ...others].slice(0, MOST_STREAMS);
  }

  #relabel(event: RelabelEvent): void {
    const ids = new Set(event.turn_ids);
    const voice = {
      decision: event.speaker_id === null ? ('unknown' as const) : ('identified' as const),
      speakerId: event.speaker_id,
      name: event.speaker,
      cluster: event.cluster,
      score: event.score,
    };
    this.#streams = this.#streams.map((stream) =>
      stream.sessionId !== event.session_id
        ? stream
        : {
            ...stream,
            segments: stream.segments.map((segment) =>
              segment.turnId !== undefined && ids.has(segment.turnId) ? { ...segment, ...voice } : segment,
            ),
          },
    );
  }
}

const segmentOf = (event: TurnEvent, decision: IdentifiedSegment['decision']): IdentifiedSegment => ({
  ...(event.turn_id !== undefined && { turnId: event.turn_id }),
  speakerId: event.speaker_id,
  name: event.speaker,
  cluster: event.cluster ?? null,
  start: event.start,
  end: event.end,
  score: event.score,
  margin: event.margin,
  cosine: null,
  decision,
  overlap: event.overlap === true,
  candidates: [],
});
