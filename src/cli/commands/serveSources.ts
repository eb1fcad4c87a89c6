import type { ServerLog } from '../../api/serverLog.js';
import { allowedHosts } from '../../core/allowedHosts.js';
import { guarded } from '../../core/guarded.js';
import { asVoicePrintsError, type Engine } from '../../index.js';
import { followFile } from '../../sources/followFile.js';
import { openSource } from '../../sources/openSource.js';
import type { SourcePlaces } from '../../sources/sourcePlaces.js';
import { SourceSet } from '../../sources/sourceSet.js';
import type { SourceSpec } from '../../sources/sourceSpec.js';
import type { SourceObserver } from '../../sources/sourceStatus.js';
import { readSources } from '../../sources/sourcesFile.js';
import type { ParsedArguments, Terminal } from '../command.js';
import { openEngine } from '../options/openEngine.js';

/** A file of sources, and what it said when the program started. */
export interface SourcesChoice {
  readonly path: string;
  readonly specs: readonly SourceSpec[];
}

interface ServeSourcesOptions {
  readonly sources: SourcesChoice | undefined;
  /** Of sources that name no store. */
  readonly engine: Engine;
  readonly log: ServerLog;
  readonly observer: SourceObserver;
  readonly presenceWindowMs: number;
  /** Where other processes share the sources. */
  readonly places: SourcePlaces | undefined;
  /** Called with each further engine that is opened. */
  readonly onEngine: (engine: Engine) => void;
}

export interface ServeSources extends AsyncDisposable {
  readonly set: SourceSet;
}

/** Listens to the sources; undefined without. A file that becomes wrong is logged, and the sources stay as they were. */
export function openServeSources(
  args: ParsedArguments,
  terminal: Terminal,
  { sources, engine, log, observer, presenceWindowMs, places, onEngine }: ServeSourcesOptions,
): ServeSources | undefined {
  if (!sources) return undefined;
  const { path, specs } = sources;
  const { env } = terminal;
  const engines = new Engines(engine, async (storeDirectory) => {
    const opened = await openEngine(args, terminal, { storeDirectory, rememberTurns: true });
    onEngine(opened);
    return opened;
  });
  const allowHosts = allowedHosts(env);
  const set = new SourceSet({
    openEngine: (storeDirectory) => engines.of(storeDirectory),
    openAudio: (spec, signal) => openSource(spec, { signal, allowHosts }),
    observer,
    presenceWindowMs,
    places,
  });
  set.apply(specs);
  let reading = Promise.resolve();
  const reload = async (): Promise<void> => {
    try {
      const read = await readSources(path, env);
      set.apply(read);
      log.notice('the sources were read again', { sources: read.length });
    } catch (error) {
      const { code, message } = asVoicePrintsError(error);
      log.problem({ code, message: `the sources stay as they were: ${message}` });
    }
  };
  const changed = guarded(
    () => undefined,
    () => {
      reading = reading.then(reload);
    },
  );
  const following = followFile(path, changed);
  return {
    set,
    [Symbol.asyncDispose]: async () => {
      following[Symbol.dispose]();
      await reading;
      await set[Symbol.asyncDispose]();
      await engines[Symbol.asyncDispose]();
    },
  };
}

/** An engine for each store, opened when a source first needs it. */
class Engines implements AsyncDisposable {
  readonly #usual: Engine;
  readonly #open: (storeDirectory: string) => Promise<Engine>;
  readonly #opened = new Map<string, Promise<Engine>>();

  constructor(usual: Engine, open: (storeDirectory: string) => Promise<Engine>) {
    this.#usual = usual;
    this.#open = open;
  }

  of(storeDirectory: string | undefined): Promise<Engine> {
    if (storeDirectory === undefined || storeDirectory === this.#usual.storeDirectory)
      return Promise.resolve(this.#usual);
    const known = this.#opened.get(storeDirectory);
    if (known) return known;
    const opening = this.#open(storeDirectory);
    this.#opened.set(storeDirectory, opening);
    opening.catch(() => this.#opened.delete(storeDirectory)); // the next try opens it again
    return opening;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
    await Promise.all(opened.map((one) => (one.status === 'fulfilled' ? one.value[Symbol.asyncDispose]() : undefined)));
  }
}
