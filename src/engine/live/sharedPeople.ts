import type { EnrolledPeople, EnrolledPeopleOf } from '../voiceprints/enrolledPeople.js';

/** Between two looks at the registry. */
const REFRESH_MS = 1_000;

interface Look {
  readonly atMs: number;
  readonly people: Promise<EnrolledPeople>;
}

/** The registry as all live sessions of an engine look at it: once a second for each tenant, however many there are. */
export class SharedPeople {
  readonly #people: EnrolledPeopleOf;
  readonly #looks = new Map<string, Look>();

  constructor(people: EnrolledPeopleOf) {
    this.#people = people;
  }

  /** Everybody in a tenant, or the failure to read them, at most a second old. */
  now(tenantId: string): Promise<EnrolledPeople> {
    const atMs = performance.now();
    const last = this.#looks.get(tenantId);
    if (last && atMs - last.atMs < REFRESH_MS) return last.people;
    const people = this.#people.now(tenantId);
    this.#looks.set(tenantId, { atMs, people });
    people.catch(() => undefined); // reported to the callers
    return people;
  }

  /** The next call looks, however soon. */
  expire(tenantId: string): void {
    this.#looks.delete(tenantId);
  }
}
