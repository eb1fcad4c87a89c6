/** The front door: everything a node, an API or another program may use. */

export { type LiveTools, liveTools, type MissingTool } from './audio/live/liveTools.js';
export { listMicrophones, type Microphone } from './audio/live/microphone/listMicrophones.js';
export { type OpenLiveOptions, openLive } from './audio/live/openLive.js';
export { PushedAudio, type PushedAudioOptions } from './audio/live/pushedAudio.js';
export { OpusPackets } from './audio/live/rtp/opusPackets.js';
export { CallsAudio, type CallsAudioOptions } from './audio/sip/calls/callsAudio.js';
export { openSip } from './audio/sip/openSip.js';
export * from './audio/sip/sipTypes.js';
export type { AudioFrame } from './core/audioFrame.js';
export * from './core/audit.js';
export * from './core/errors.js';
export * from './core/identification.js';
export * from './core/live.js';
export * from './core/liveSource.js';
export { parseLiveSource, splitCredentials } from './core/parseLiveSource.js';
export * from './core/progress.js';
export * from './core/recording.js';
export * from './core/unknownVoice.js';
export { falseAcceptPercent, parseConfig } from './engine/config.js';
export { type CreateEngineOptions, createEngine } from './engine/createEngine.js';
export * from './engine/engine.js';
export type { EngineOptions } from './engine/engineOptions.js';
export type { Reembedded } from './engine/enrolment/reembed.js';
export { JOB_DEFAULTS, type JobSettings } from './engine/jobs/jobSettings.js';
export * from './engine/jobs/jobs.js';
export { type JobFault, type OpenJobsOptions, openJobs } from './engine/jobs/openJobs.js';
export {
  type AddModelRequest,
  addModel,
  removeModel,
  useModel,
  useNoSegmentation,
} from './engine/models/manageModels.js';
export { calibrationInStore } from './engine/models/modelInStore.js';
export {
  DISCOVERY_PREFIX,
  discoveryMessage,
  homeAssistantStatusTopic,
  removalMessages,
} from './events/homeAssistant.js';
export { liveSpeakerEvent } from './events/liveSpeakerEvent.js';
export { objectId } from './events/objectId.js';
export { PRESENCE_WINDOW_MS, Presence } from './events/presence.js';
export {
  type DegradedEvent,
  type DroppedEvent,
  type EventContext,
  isTurnEvent,
  type RelabelEvent,
  recordedTurnEvent,
  rejectedEvent,
  type SpeakerEvent,
  type StreamEvent,
  type TentativeEvent,
  TURN_EVENT_TYPES,
  type TurnEvent,
  type WarningEvent,
} from './events/speakerEvent.js';
export {
  errorMessage,
  eventMessage,
  type MqttMessage,
  RESERVED_SITES,
  type TopicPlace,
  topicsOf,
} from './events/topics.js';
export { StoreLock } from './files/storeLock.js';
export { ModelStore } from './inference/modelStore.js';
export type { SegmentationModel } from './inference/segmentationModel.js';
export type { SpeakerModel } from './inference/speakerModel.js';
export { type AuditFilter, AuditLog, readAuditLog } from './registry/auditLog.js';
