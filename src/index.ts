/** The front door: everything a node, an API or another program may use. */
export * from './audio/sip/sipTypes.js';
export * from './core/errors.js';
export * from './core/identification.js';
export * from './core/progress.js';
export * from './core/recording.js';
export { type EngineConfig, engineConfig, falseAcceptPercent, field, parseConfig } from './engine/config.js';
export { type CreateEngineOptions, createEngine } from './engine/createEngine.js';
export * from './engine/engine.js';
export { type AddModelRequest, addModel, removeModel, useModel } from './engine/manageModels.js';
export { ModelStore } from './inference/modelStore.js';
export type { SpeakerModel } from './inference/speakerModel.js';
