import { VoicePrintsError } from '../core/errors.js';
import { NO_TRACING, type Span, type SpanStart, type Tracing } from './tracing.js';

/** Traces of a process that answers others. */
export interface OpenTracing extends Tracing {
  /** Never rejects. What starts before is not traced. */
  readonly ready: Promise<void>;
}

/**
 * OpenTelemetry where VOICE_PRINTS_TRACES is `on`: the spans go to the tracer provider that the operator registered before. Else nothing
 * is loaded.
 *
 * @param onProblem receives a sentence where that is missing; nothing is traced then
 * @throws VoicePrintsError CONFIG_INVALID
 */
export function openTracing(env: NodeJS.ProcessEnv, onProblem: (message: string) => void): OpenTracing {
  const wanted = env.VOICE_PRINTS_TRACES || 'off';
  if (wanted === 'off') return { ...NO_TRACING, ready: Promise.resolve() };
  if (wanted === 'on') return new LateTracing(onProblem);
  throw new VoicePrintsError('CONFIG_INVALID', 'VOICE_PRINTS_TRACES is neither on nor off; correct it');
}

class LateTracing implements OpenTracing {
  readonly ready: Promise<void>;
  #tracing = NO_TRACING;

  constructor(onProblem: (message: string) => void) {
    this.ready = this.#load().catch((error: Error) => onProblem(error.message));
  }

  start(name: string, start: SpanStart): Span {
    return this.#tracing.start(name, start);
  }

  async #load(): Promise<void> {
    const [api, { OpenTelemetry, hasProvider }] = await Promise.all([
      import('@opentelemetry/api').catch(() => {
        throw untraced('the package @opentelemetry/api cannot be loaded; install it beside this one');
      }),
      import('./openTelemetry.js'),
    ]);
    if (!hasProvider(api)) throw untraced('no tracer provider is registered; preload one, see docs/operations.md');
    this.#tracing = new OpenTelemetry(api);
  }
}

const untraced = (why: string) => new VoicePrintsError('CONFIG_INVALID', `nothing is traced: ${why}`);
