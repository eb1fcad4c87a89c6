import { httpRefusal } from '../refusals/refusal.js';

/** How many heavy calls run at once. One too many is turned down at once instead of queueing without end. */
export class Slots {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Takes a slot and returns what gives it back; throws a 429 when all are taken. */
  take(): () => void {
    if (this.#taken >= this.#max) {
      throw httpRefusal('TOO_MANY_REQUESTS', 'the server is busy; try again in 2 seconds', {
        'retry-after': '2',
      });
    }
    this.#taken += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#taken -= 1;
      isHeld = false;
    };
  }
}
