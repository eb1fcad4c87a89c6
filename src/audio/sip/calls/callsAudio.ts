import { asVoicePrintsError, type ErrorCode } from '../../../core/errors.js';
import { guarded } from '../../../core/guarded.js';
import type { LiveAudio, LiveItem, StreamState } from '../../../core/live.js';
import { samplesOfMs } from '../../../core/time.js';
import { Channel } from '../../../stream/channel.js';
import { openSip } from '../openSip.js';
import type { SipCall, SipConfig, SipEndpoint, SipState } from '../sipTypes.js';

/** Calls and states that wait for the listener. */
const MAX_ARRIVALS = 32;

/** One line: a call of ours, or the calls that come in, one after the other. */
export interface CallsAudioOptions {
  readonly config: SipConfig;
  /** The address to call; without it the endpoint waits for calls. */
  readonly target?: string;
  readonly signal: AbortSignal;
}

/**
 * Telephone calls as one live stream. Opens with the iteration and never throws: failures are states with a code.
 * Between calls the time line continues with the clock.
 */
export class CallsAudio implements LiveAudio {
  readonly #options: CallsAudioOptions;
  #call: SipCall | undefined;
  #startedAtMs: number | undefined;
  /** Sample after the last one. */
  #end = 0;

  constructor(options: CallsAudioOptions) {
    this.#options = options;
  }

  get startedAtMs(): number | undefined {
    return this.#startedAtMs;
  }

  get isNarrowBand(): boolean | undefined {
    return this.#call?.audio.isNarrowBand;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LiveItem> {
    const { config, signal } = this.#options;
    yield stateItem({ status: 'connecting' });
    try {
      await using endpoint = await openSip({ ...config, maxCalls: 1 }, { signal });
      yield* this.#calls(endpoint);
      yield stateItem({ status: 'ended' });
    } catch (thrown) {
      yield stateItem(signal.aborted ? { status: 'ended' } : failed(thrown));
    }
  }

  async *#calls(endpoint: SipEndpoint): AsyncGenerator<LiveItem> {
    const { target, signal } = this.#options;
    if (target !== undefined) {
      const last = yield* this.#itemsOf(await endpoint.call(target, { signal }));
      if (last?.code) yield stateItem(last);
      return;
    }
    let isFailed = false;
    for await (const arrival of arrivalsOf(endpoint)) {
      if ('status' in arrival) {
        if (arrival.status === 'failed') yield stateItem({ ...arrival, status: 'retrying' });
        if (arrival.status === 'refused') yield stateItem({ ...reasonOf(arrival), status: 'connecting' });
        if (arrival.status === 'registered' && isFailed) yield stateItem({ status: 'connecting' });
        isFailed = arrival.status === 'failed' || (isFailed && arrival.status !== 'registered');
      } else {
        yield* this.#itemsOf(arrival);
        yield stateItem({ status: 'connecting' });
      }
    }
  }

  /** @returns how the call ended */
  async *#itemsOf(call: SipCall): AsyncGenerator<LiveItem, StreamState | undefined> {
    this.#call = call;
    let offset: number | undefined;
    let last: StreamState | undefined;
    for await (const item of call.audio) {
      if (item.type === 'state') {
        last = item.state;
        if (last.status !== 'ended' && last.status !== 'connecting') yield item;
      } else if (item.type === 'audio') {
        const { frame } = item;
        offset ??= this.#offsetOf(call) - frame.startSample;
        const startSample = frame.startSample + offset;
        this.#end = startSample + frame.samples.length;
        yield { type: 'audio', frame: { ...frame, startSample } };
      } else yield item;
    }
    return last;
  }

  /** Position of a call's first frame: by the clock, after everything before. */
  #offsetOf({ audio }: SipCall): number {
    const startMs = audio.startedAtMs ?? Date.now();
    this.#startedAtMs ??= startMs;
    return Math.max(this.#end, samplesOfMs(startMs - this.#startedAtMs));
  }
}

/** Calls, and what becomes of the endpoint meanwhile, in order. */
function arrivalsOf(endpoint: SipEndpoint): AsyncIterable<SipCall | SipState> {
  const hangUp = (dropped: SipCall | SipState) => ('hangUp' in dropped ? dropped.hangUp() : undefined);
  const ignored = () => undefined;
  const arrivals = new Channel<SipCall | SipState>(MAX_ARRIVALS, guarded(ignored, hangUp));
  const pass = async (source: AsyncIterable<SipCall | SipState>) => {
    for await (const arrival of source) arrivals.push(arrival);
  };
  // Both end with the endpoint.
  guarded(
    (thrown) => arrivals.fail(thrown),
    () => Promise.all([pass(endpoint), pass(endpoint.states)]).then(() => arrivals.close()),
  )();
  return arrivals;
}

const reasonOf = ({ code, message }: { readonly code: ErrorCode; readonly message: string }) => ({ code, message });

const stateItem = (state: StreamState): LiveItem => ({ type: 'state', state });

function failed(thrown: unknown): StreamState {
  const { code, message } = asVoicePrintsError(thrown);
  return { status: 'ended', code, message };
}
