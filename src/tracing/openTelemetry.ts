import type { Span as ApiSpan, Context } from '@opentelemetry/api';
import { formatTraceparent, parseTraceparent } from './traceparent.js';
import type { Span, SpanFacts, SpanStart, Tracing } from './tracing.js';

type Api = typeof import('@opentelemetry/api');

/** Name of the instrumentation in every span. */
const SCOPE = '@voice-prints/node-red';

/** Whether anything would be done with spans. */
export function hasProvider({ trace, ProxyTracerProvider }: Api): boolean {
  const provider = trace.getTracerProvider();
  // Of another copy of the package it is no instance: that copy is where a provider was registered.
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(SCOPE) !== undefined;
}

/** Spans by the API of OpenTelemetry. */
export class OpenTelemetry implements Tracing {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  start(name: string, { kind, parent, joins, facts = {} }: SpanStart): Span {
    const { trace, context, SpanKind } = this.#api;
    const active = context.active();
    const isInner = joins && trace.getSpan(active) !== undefined;
    // The call was counted by whoever traces HTTP: ours says what it was.
    const apiKind = kind === 'server' && isInner ? 'internal' : kind;
    const span = trace
      .getTracer(SCOPE)
      .startSpan(
        name,
        { kind: SpanKind[apiKind.toUpperCase() as keyof typeof SpanKind], attributes: { ...facts } },
        isInner ? active : this.#continued(parent),
      );
    return new OpenSpan(this.#api, span);
  }

  #continued(parent: string | undefined): Context {
    const { trace, ROOT_CONTEXT } = this.#api;
    const found = parent === undefined ? undefined : parseTraceparent(parent);
    return found === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...found, isRemote: true });
  }
}

class OpenSpan implements Span {
  readonly traceparent: string | undefined;
  readonly #api: Api;
  readonly #span: ApiSpan;
  #hasEnded = false;

  constructor(api: Api, span: ApiSpan) {
    this.#api = api;
    this.#span = span;
    const context = span.spanContext();
    if (api.isSpanContextValid(context)) this.traceparent = formatTraceparent(context);
  }

  set(facts: SpanFacts): void {
    this.#span.setAttributes({ ...facts });
  }

  fail(code: string): void {
    this.#span.setAttribute('error.type', code);
    this.#span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
  }

  end(): void {
    if (this.#hasEnded) return; // the library would complain
    this.#hasEnded = true;
    this.#span.end();
  }

  within<T>(work: () => T): T {
    const { trace, context } = this.#api;
    return context.with(trace.setSpan(context.active(), this.#span), work);
  }
}
