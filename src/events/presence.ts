import type { RelabelEvent, SpeakerEvent, TentativeEvent, TurnEvent } from './speakerEvent.js';
import { isoTime, isTurnEvent } from './speakerEvent.js';
import { type MqttMessage, type TopicPlace, topicsOf } from './topics.js';

/** Default time for which a person counts as present after the end of their speech. */
export const PRESENCE_WINDOW_MS = 30_000;

/** Maximum number of turns kept: more within one window is no real conversation, and a stopped clock must not fill memory. */
const MAX_TURNS = 4096;

/** Longest state of a sensor in Home Assistant; the attributes contain all names. */
const MAX_TEXT_LENGTH = 255;

/** A turn within the window. */
interface RecentTurn {
  readonly turnId: string | undefined;
  /** Unknown voices are numbered by session. */
  readonly sessionId: string;
  readonly cluster: string | null;
  /** Null unless identified. */
  readonly speakerId: string | null;
  readonly name: string | null;
  readonly score: number;
  readonly spokeAtMs: number;
}

/**
 * Presence at one site: everyone who spoke within the last `windowMs`, in any of its streams. Published as retained messages,
 * and only on change. It has no timer: its owner calls `tick` at `nextChangeAtMs`.
 */
export class Presence {
  readonly #place: TopicPlace;
  readonly #windowMs: number;
  #turns: RecentTurn[] = [];
  #last: TurnEvent | undefined;
  /** The turn that is retained of each person: theirs before, if they are not present any more. */
  readonly #heard = new Map<string, RecentTurn>();
  #sentText: string | undefined;
  #sentPeople = '';

  constructor(place: TopicPlace, windowMs: number = PRESENCE_WINDOW_MS) {
    this.#place = place;
    this.#windowMs = windowMs;
  }

  /** When the next person may leave, ms since 1970; undefined while no one is present. */
  get nextChangeAtMs(): number | undefined {
    if (this.#turns.length === 0) return undefined;
    return Math.min(...this.#turns.map(({ spokeAtMs }) => spokeAtMs)) + this.#windowMs;
  }

  /** `Alice`, `Alice, Bob`, `unknown` where only unknown voices are present, `nobody`. */
  get text(): string {
    const names = this.#people().map(({ name, speakerId }) => name ?? speakerId ?? '');
    if (names.length > 0) return names.join(', ').slice(0, MAX_TEXT_LENGTH);
    return this.#turns.length > 0 ? 'unknown' : 'nobody';
  }

  /** All retained messages, changed or not: after a start, and for a broker that has lost them. */
  announce(nowMs: number): readonly MqttMessage[] {
    this.#forget(nowMs);
    this.#sentText = undefined;
    return this.#changes(true);
  }

  /** Updates from an event of the site; most change nothing. */
  hear(event: SpeakerEvent, nowMs: number): readonly MqttMessage[] {
    this.#forget(nowMs);
    if (isTurnEvent(event)) return [...this.#addTurn(event, nowMs), ...this.#changes(event.event_type !== 'rejected')];
    if (event.event_type === 'tentative') this.#stays(event, nowMs);
    if (event.event_type === 'relabel') return [...this.#relabel(event), ...this.#changes(false)];
    return this.#changes(false);
  }

  /** Withdraws what is retained of a person who was erased: the voice that was heard stays as an unknown one. */
  erase(speakerId: string): readonly MqttMessage[] {
    this.#turns = this.#turns.map((turn) =>
      turn.speakerId === speakerId ? { ...turn, speakerId: null, name: null } : turn,
    );
    const before = this.#last;
    if (before?.speaker_id === speakerId) this.#last = undefined;
    else if (before?.candidates.some((candidate) => candidate.speaker_id === speakerId)) {
      this.#last = { ...before, candidates: before.candidates.filter((one) => one.speaker_id !== speakerId) };
    }
    this.#heard.delete(speakerId);
    const { lastHeard } = topicsOf(this.#place);
    const gone: MqttMessage = { topic: lastHeard(speakerId), payload: '', qos: 1, retain: true };
    return [gone, ...this.#changes(this.#last !== before)];
  }

  /** A person has another name from now on: what is retained of them says so. */
  rename(speakerId: string, name: string): readonly MqttMessage[] {
    this.#turns = this.#turns.map((turn) => (turn.speakerId === speakerId ? { ...turn, name } : turn));
    const before = this.#last;
    if (before) {
      const candidates = before.candidates.map((one) =>
        one.speaker_id === speakerId ? { ...one, speaker: name } : one,
      );
      this.#last = { ...before, candidates, ...(before.speaker_id === speakerId && { speaker: name }) };
    }
    const heard = this.#heard.get(speakerId);
    if (!heard) return this.#changes(false);
    return [...this.#lastSeen({ ...heard, name }), ...this.#changes(true)];
  }

  /** Removes everyone who has not spoken within the window. */
  tick(nowMs: number): readonly MqttMessage[] {
    this.#forget(nowMs);
    return this.#changes(false);
  }

  #addTurn(event: TurnEvent, nowMs: number): MqttMessage[] {
    this.#last = event;
    if (event.event_type === 'rejected') return [];
    const isNamed = event.event_type === 'identified';
    const turn: RecentTurn = {
      turnId: event.turn_id,
      sessionId: event.session_id,
      cluster: event.cluster ?? null,
      speakerId: isNamed ? event.speaker_id : null,
      name: isNamed ? event.speaker : null,
      score: event.score,
      spokeAtMs: nowMs,
    };
    this.#turns.push(turn);
    if (this.#turns.length > MAX_TURNS) this.#turns.shift();
    return isNamed ? this.#lastSeen(turn) : [];
  }

  /** A tentative turn never makes anyone present, but keeps a person present who continues to speak. */
  #stays({ decision, speaker_id }: TentativeEvent, nowMs: number): void {
    if (decision !== 'identified' || speaker_id === null) return;
    const at = this.#turns.findLastIndex(({ speakerId }) => speakerId === speaker_id);
    const known = this.#turns[at];
    if (known) this.#turns.splice(at, 1, { ...known, spokeAtMs: nowMs });
  }

  #relabel({ turn_ids, cluster, speaker_id, speaker, score, session_id }: RelabelEvent): MqttMessage[] {
    const ids = new Set(turn_ids);
    let latest: RecentTurn | undefined;
    this.#turns = this.#turns.map((turn) => {
      const isMeant = turn.sessionId === session_id && turn.turnId !== undefined && ids.has(turn.turnId);
      if (!isMeant) return turn;
      const relabelled = { ...turn, cluster, speakerId: speaker_id, name: speaker, score };
      if (!latest || relabelled.spokeAtMs >= latest.spokeAtMs) latest = relabelled;
      return relabelled;
    });
    return latest && latest.speakerId !== null ? this.#lastSeen(latest) : [];
  }

  #forget(nowMs: number): void {
    this.#turns = this.#turns.filter(({ spokeAtMs }) => nowMs - spokeAtMs < this.#windowMs);
  }

  /** Identified people present, by name, with their last turn. */
  #people(): readonly RecentTurn[] {
    const people = new Map<string, RecentTurn>();
    for (const turn of this.#turns) if (turn.speakerId !== null) people.set(turn.speakerId, turn);
    return [...people.values()].sort((a, b) => compareText(a.name ?? '', b.name ?? ''));
  }

  #changes(hasNewTurn: boolean): readonly MqttMessage[] {
    const topics = topicsOf(this.#place);
    const { text } = this;
    const people = this.#people();
    const ids = people.map(({ speakerId }) => speakerId).join(',');
    const messages: MqttMessage[] = [];
    if (text !== this.#sentText) messages.push({ topic: topics.speaker, payload: text, qos: 1, retain: true });
    if (hasNewTurn || text !== this.#sentText || ids !== this.#sentPeople) {
      const speakers = people.map(({ speakerId, name, score, spokeAtMs }) => ({
        speaker_id: speakerId,
        speaker: name,
        score,
        last_heard: isoTime(spokeAtMs),
      }));
      const payload = { speakers, last: this.#last ?? null };
      messages.push({ topic: topics.attributes, payload, qos: 1, retain: true });
    }
    this.#sentText = text;
    this.#sentPeople = ids;
    return messages;
  }

  #lastSeen(turn: RecentTurn): MqttMessage[] {
    const { speakerId, name, score, spokeAtMs } = turn;
    this.#heard.delete(speakerId!);
    this.#heard.set(speakerId!, turn);
    const [oldest] = this.#heard.keys();
    if (this.#heard.size > MAX_TURNS && oldest !== undefined) this.#heard.delete(oldest);
    const payload = { name, last_heard: isoTime(spokeAtMs), last_site: this.#place.site, score };
    return [{ topic: topicsOf(this.#place).lastHeard(speakerId!), payload, qos: 1, retain: true }];
  }
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
