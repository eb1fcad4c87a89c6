import { type AnsweringOptions, answering } from '../files/answering.js';
import type { UnknownVoices } from './unknownVoices.js';
import type { VoiceprintRegistry } from './voiceprintRegistry.js';

type Within = Pick<AnsweringOptions<unknown>, 'withinMs'>;

/** A registry whose folder may be on a share that goes away: what it does not answer in time is REGISTRY_UNAVAILABLE. */
export function answeringRegistry(registry: VoiceprintRegistry, folder: string, within: Within): VoiceprintRegistry {
  const asked = <T>(work: () => Promise<T>): Promise<T> => answering(folder, work, within as AnsweringOptions<T>);
  return {
    list: (...call) => asked(() => registry.list(...call)),
    get: (...call) => asked(() => registry.get(...call)),
    update: (...call) => asked(() => registry.update(...call)),
    putAll: (...call) => asked(() => registry.putAll(...call)),
    delete: (...call) => asked(() => registry.delete(...call)),
    keepSpeech: (...call) => asked(() => registry.keepSpeech(...call)),
    speech: (...call) => asked(() => registry.speech(...call)),
    [Symbol.asyncDispose]: () => asked(async () => registry[Symbol.asyncDispose]()),
  };
}

/** The same for unknown voices. */
export function answeringUnknownVoices(voices: UnknownVoices, folder: string, within: Within): UnknownVoices {
  const asked = <T>(work: () => Promise<T>): Promise<T> => answering(folder, work, within as AnsweringOptions<T>);
  return {
    newId: (...call) => asked(() => voices.newId(...call)),
    list: (...call) => asked(() => voices.list(...call)),
    put: (...call) => asked(() => voices.put(...call)),
    delete: (...call) => asked(() => voices.delete(...call)),
    expire: (...call) => asked(() => voices.expire(...call)),
    flush: () => asked(() => voices.flush()),
    [Symbol.asyncDispose]: () => asked(async () => voices[Symbol.asyncDispose]()),
  };
}
