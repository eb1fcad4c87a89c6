import { openSip, type SipCall, type SipCallEvent, type SipConfig, type SipEndpoint } from '../../../src/live.js';

/** What a test does not say otherwise. */
export const SIP_CONFIG: SipConfig = {
  listenAddress: '127.0.0.1',
  listenPort: 0,
  codecs: ['opus', 'G722', 'PCMU', 'PCMA'],
  srtp: 'optional',
  maxCalls: 4,
  answer: 'all',
  maxCallMs: 60_000,
  noMediaMs: 20_000,
  ringMs: 20_000,
  rtpPorts: { min: 0, max: 0 },
};

/** An endpoint for the length of a test. */
export interface TestEndpoint extends AsyncDisposable {
  readonly calls: SipEndpoint;
  /** As a stop or a deploy does. */
  stop(): Promise<void>;
}

export async function openEndpoint(config: Partial<SipConfig> = {}): Promise<TestEndpoint> {
  const stopping = new AbortController();
  const calls = await openSip({ ...SIP_CONFIG, ...config }, { signal: stopping.signal });
  const stop = async () => {
    stopping.abort();
    await calls[Symbol.asyncDispose]();
  };
  return { calls, stop, [Symbol.asyncDispose]: stop };
}

export async function firstCall(calls: SipEndpoint): Promise<SipCall> {
  for await (const call of calls) return call;
  throw new Error('no call came');
}

export async function eventsOf(call: SipCall): Promise<SipCallEvent[]> {
  const events: SipCallEvent[] = [];
  for await (const event of call.events) events.push(event);
  return events;
}
