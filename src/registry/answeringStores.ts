import { type AnsweringOptions, answering } from '../files/answering.js';
import type { UnknownVoices } from './unknownVoices.js';
import type { VoiceprintRegistry } from './voiceprintRegistry.js';

type Within = Pick<AnsweringOptions<unknown>, 'withinMs'>;

/** What is to be called while the store answers: the time limits of all calls begin anew. */
export type Beats = Set<() => void>;

/** A registry whose folder may be on a network share that disconnects: calls that time out throw REGISTRY_UNAVAILABLE. */
export function answeringRegistry(
  registry: VoiceprintRegistry,
  folder: string,
  { beats = new Set(), ...within }: Within & { readonly beats?: Beats },
): VoiceprintRegistry {
  const beating =
    <T>(work: () => Promise<T>) =>
    async (onAlive: () => void): Promise<T> => {
      beats.add(onAlive);
      try {
        return await work();
      } finally {
        beats.delete(onAlive);
      }
    };
  const withinLimit = <T>(work: () => Promise<T>): Promise<T> =>
    answering(folder, beating(work), within as AnsweringOptions<T>);
  return {
    list: (...call) => withinLimit(() => registry.list(...call)),
    page: (...call) => withinLimit(() => registry.page(...call)),
    follow: (...call) => {
      const follower = registry.follow(...call);
      return {
        async *changes() {
          const parts = follower.changes();
          for (;;) {
            const { done, value } = await withinLimit(() => parts.next());
            if (done) return;
            yield value;
          }
        },
      };
    },
    get: (...call) => withinLimit(() => registry.get(...call)),
    update: (...call) => withinLimit(() => registry.update(...call)),
    putAll: (...call) => withinLimit(() => registry.putAll(...call)),
    delete: (...call) => withinLimit(() => registry.delete(...call)),
    keepSpeech: (...call) => withinLimit(() => registry.keepSpeech(...call)),
    speech: (...call) => withinLimit(() => registry.speech(...call)),
    [Symbol.asyncDispose]: () => withinLimit(async () => registry[Symbol.asyncDispose]()),
  };
}

/** The same for unknown voices. */
export function answeringUnknownVoices(voices: UnknownVoices, folder: string, within: Within): UnknownVoices {
  const withinLimit = <T>(work: () => Promise<T>): Promise<T> => answering(folder, work, within as AnsweringOptions<T>);
  return {
    newId: (...call) => withinLimit(() => voices.newId(...call)),
    list: (...call) => withinLimit(() => voices.list(...call)),
    put: (...call) => withinLimit(() => voices.put(...call)),
    delete: (...call) => withinLimit(() => voices.delete(...call)),
    expire: (...call) => withinLimit(() => voices.expire(...call)),
    flush: () => withinLimit(() => voices.flush()),
    [Symbol.asyncDispose]: () => withinLimit(async () => voices[Symbol.asyncDispose]()),
  };
}
