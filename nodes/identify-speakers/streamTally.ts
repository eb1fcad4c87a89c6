import type { SourceReport } from '../../src/api/restOptions.js';
import { isTurnEvent, type SpeakerEvent } from '../../src/events/index.js';
import type { StreamState } from '../../src/live.js';

/** What is known of one stream since it began, in the form of `GET /v1/sources`. */
export class StreamTally {
  readonly site: string;
  readonly #source: string;
  readonly #turns = { identified: 0, uncertain: 0, unknown: 0, rejected: 0 };
  #state: StreamState = { status: 'open' };
  #since = new Date();
  #droppedSeconds = 0;

  constructor({ source, site }: { readonly source: string; readonly site: string }) {
    this.#source = source;
    this.site = site;
  }

  hear(event: SpeakerEvent): void {
    if (isTurnEvent(event)) this.#turns[event.event_type] += 1;
    if (event.event_type === 'dropped') this.#droppedSeconds += event.seconds;
  }

  /** The state that its source reports. */
  changed(state: StreamState): void {
    if (state.status !== this.#state.status) this.#since = new Date();
    this.#state = state;
  }

  /** @param present who is at the site, as text */
  report(present: string): SourceReport {
    const { status, code, message } = this.#state;
    return {
      source: this.#source,
      site: this.site,
      status,
      ...(code !== undefined && { code }),
      ...(message !== undefined && { message }),
      since: this.#since.toISOString(),
      turns: { ...this.#turns },
      droppedSeconds: this.#droppedSeconds,
      present,
    };
  }
}
