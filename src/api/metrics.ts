import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { CallReport } from './calls/callReport.js';
import { type Measures, measuresText } from './measures.js';

/** Histogram buckets in seconds: from an answer out of memory to a long recording. */
const BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120];

/** Metrics for Prometheus: calls, their duration, audio processed, and the process itself. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #calls = new Counter({
    name: 'voice_prints_calls_total',
    help: 'Calls answered, by route and status',
    labelNames: ['method', 'route', 'status'],
    registers: [this.#registry],
  });
  readonly #seconds = new Histogram({
    name: 'voice_prints_call_duration_seconds',
    help: 'Time from a call to its answer, by route',
    labelNames: ['route'],
    buckets: BUCKETS,
    registers: [this.#registry],
  });
  readonly #audio = new Counter({
    name: 'voice_prints_audio_seconds_total',
    help: 'Audio processed in synchronous calls',
    registers: [this.#registry],
  });

  readonly #measures: Measures;

  /** @param measures counted elsewhere */
  constructor(measures: Measures = () => []) {
    this.#measures = measures;
    collectDefaultMetrics({ register: this.#registry, prefix: 'voice_prints_' });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  observe({ method, route, status, durationMs, audioMs }: CallReport): void {
    this.#calls.inc({ method, route, status });
    this.#seconds.observe({ route }, durationMs / 1000);
    this.#audio.inc(audioMs / 1000);
  }

  /** The exposition format of Prometheus. */
  async text(): Promise<string> {
    return (await this.#registry.metrics()) + measuresText(await this.#measures());
  }
}
