import { readdirSync } from 'node:fs';
import { afterEach, expect } from 'vitest';
import { type OpenLiveOptions, openLive } from '../../../src/audio/live/openLive.js';
import type { LiveItem, StreamState } from '../../../src/core/live.js';
import type { LiveSource } from '../../../src/core/liveSource.js';
import { childProcesses } from '../glide.js';
import { type Heard, heardOf } from './heard.js';

/** A source being listened to in the background, for tests that do something to it meanwhile. */
export class Listener implements AsyncDisposable {
  readonly audio: ReturnType<typeof openLive>;
  readonly #items: LiveItem[] = [];
  readonly #stop = new AbortController();
  readonly #listening: Promise<void>;

  constructor(source: LiveSource, options: Partial<OpenLiveOptions> = {}) {
    const audio = openLive(source, { ...options, signal: this.#stop.signal });
    this.audio = audio;
    this.#listening = (async () => {
      for await (const item of audio) this.#items.push(item);
    })();
  }

  get heard(): Heard {
    return heardOf(this.#items);
  }

  /** Resolves once `isSo`; the test's own limit ends a wait in vain. */
  async until(isSo: (heard: Heard) => boolean): Promise<Heard> {
    for (;;) {
      const { heard } = this;
      if (isSo(heard)) return heard;
      if (heard.states.at(-1)?.status === 'ended') throw new Error(`ended: ${JSON.stringify(heard.states)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits for so much more audio than there is. */
  more(seconds: number): Promise<Heard> {
    const goal = soundOf(this.heard) + 16_000 * seconds;
    return this.until((heard) => soundOf(heard) >= goal);
  }

  /** Waits for a state like this one, after `skipped` earlier ones. */
  async state(wanted: Partial<StreamState>, skipped = 0): Promise<StreamState> {
    const isSo = (state: StreamState) => Object.entries(wanted).every(([k, v]) => state[k as keyof StreamState] === v);
    const heard = await this.until(({ states }) => states.filter(isSo).length > skipped);
    return heard.states.filter(isSo)[skipped]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#listening;
  }
}

/** Samples that came, without gaps. */
export const soundOf = (heard: Heard): number => heard.runs.reduce((sum, [, samples]) => sum + samples, 0);

/** What the source said and played until it gave so much audio. */
export async function listen(
  source: LiveSource,
  seconds: number,
  options: Partial<OpenLiveOptions> = {},
): Promise<{ readonly heard: Heard; readonly isNarrowBand: boolean | undefined }> {
  await using listener = new Listener(source, options);
  const heard = await listener.more(seconds);
  return { heard, isNarrowBand: listener.audio.isNarrowBand };
}

const descriptors = (): number => readdirSync('/proc/self/fd').length;

/** After every test of the file: no child but those of `peers`, and no descriptor more than before. */
export function expectNothingOpen(peers: () => readonly number[]): void {
  let before: number | undefined;
  afterEach(async () => {
    const own = peers().map(String);
    expect(childProcesses().filter((pid) => !own.includes(pid))).toEqual([]);
    before ??= descriptors();
    const limit = before;
    await expect.poll(descriptors).toBeLessThanOrEqual(limit);
  });
}
