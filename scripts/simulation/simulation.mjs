/** A clock and what is to happen: events in the order of their times, those of one time in the order they were planned. */
export class Simulation {
  now = 0;
  #events = [];
  #count = 0;

  /** Calls `happen` in `seconds`. */
  in(seconds, happen) {
    this.#count += 1;
    const event = { at: this.now + seconds, order: this.#count, happen };
    const heap = this.#events;
    heap.push(event);
    let child = heap.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!isBefore(event, heap[parent])) break;
      heap[child] = heap[parent];
      child = parent;
    }
    heap[child] = event;
  }

  /** Again and again, the first time after a part of the interval, so that many that begin together do not fall together. */
  every(seconds, phase, happen) {
    const again = () => {
      happen();
      this.in(seconds, again);
    };
    this.in(seconds * phase, again);
  }

  /** Lets everything happen until then. */
  runUntil(seconds) {
    while (this.#events.length > 0 && this.#events[0].at <= seconds) {
      const event = this.#takeFirst();
      this.now = event.at;
      event.happen();
    }
    this.now = seconds;
  }

  #takeFirst() {
    const heap = this.#events;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child += 1;
      if (!isBefore(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

const isBefore = (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order);
