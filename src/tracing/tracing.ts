import { asVoicePrintsError } from '../core/errors.js';

/** What a span says: kinds of work, codes, counts, milliseconds. Never who a person or a tenant is, and no addresses. */
export type SpanFacts = Readonly<Record<string, string | number | undefined>>;

export interface SpanStart {
  /** Of a call that this process answers or makes, of work that it hands in for later, or that another handed in. */
  readonly kind: 'server' | 'client' | 'producer' | 'consumer';
  /** The W3C `traceparent` to continue. Text of others: what is none is ignored, and a new trace begins. */
  readonly parent?: string | undefined;
  /** Whether the span belongs to the one in which it is started, if there is any, rather than to `parent`. */
  readonly joins: boolean;
  readonly facts?: SpanFacts;
}

/** A piece of work on its way. */
export interface Span {
  /** For whoever continues the trace; undefined where there is none. */
  readonly traceparent: string | undefined;
  set(facts: SpanFacts): void;
  /** The work failed by a fault of ours or of what we call, with this code. */
  fail(code: string): void;
  /** Only the first call counts. */
  end(): void;
  /** Spans that `work` starts, also those of libraries that are instrumented, belong to this one. */
  within<T>(work: () => T): T;
}

/** Records where the time of calls and jobs goes. Never throws. */
export interface Tracing {
  start(name: string, start: SpanStart): Span;
}

const NO_SPAN: Span = {
  traceparent: undefined,
  set: () => undefined,
  fail: () => undefined,
  end: () => undefined,
  within: (work) => work(),
};

export const NO_TRACING: Tracing = { start: () => NO_SPAN };

/** Does `work` within a span of its own, which fails with what `work` throws. */
export async function traced<T>(
  tracing: Tracing,
  [name, start]: readonly [name: string, start: SpanStart],
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const span = tracing.start(name, start);
  try {
    return await span.within(() => work(span));
  } catch (error) {
    span.fail(asVoicePrintsError(error).code);
    throw error;
  } finally {
    span.end();
  }
}
