/** The engine for programs: enrol, identify, watch, jobs. Live sources are in `./live`, events in `./events`, the server in `./server`. */

export type { AudioFrame } from './core/audioFrame.js';
export * from './core/audit.js';
export * from './core/errors.js';
export * from './core/feedback.js';
export * from './core/identification.js';
export { MAX_PEOPLE } from './core/peopleCount.js';
export * from './core/progress.js';
export * from './core/recording.js';
export type { RuntimeReport } from './core/runtimeReport.js';
export type { StorePlace } from './core/storePlace.js';
export { DEFAULT_STRANGERS, type Strangers } from './core/strangers.js';
export * from './core/unknownVoice.js';
export * from './core/voiceprint.js';
export type { Compute } from './engine/compute/compute.js';
export { type EngineConfig, falseAcceptPercent, parseConfig } from './engine/config.js';
export { type CreateEngineOptions, createEngine } from './engine/createEngine.js';
export * from './engine/engine.js';
export type { EngineOptions } from './engine/engineOptions.js';
export type { Reembedded } from './engine/enrolment/reembed.js';
export {
  checkHealth,
  engineHealth,
  type HealthRequest,
  healthProblem,
  systemHealth,
} from './engine/health/checkHealth.js';
export type { HealthCheck } from './engine/health/healthCheck.js';
export { JOB_DEFAULTS, type JobSettings } from './engine/jobs/jobSettings.js';
export * from './engine/jobs/jobs.js';
export { type JobFault, type OpenJobsOptions, openJobs } from './engine/jobs/openJobs.js';
export {
  type AddModelRequest,
  addModel,
  type CatalogueSource,
  removeModel,
  useModel,
  useNoSegmentation,
} from './engine/models/manageModels.js';
export { type CatalogueModel, inCatalogue, MODEL_CATALOGUE } from './engine/models/modelCatalogue.js';
export { calibrationInStore } from './engine/models/modelInStore.js';
export * from './engine/requests/callOptions.js';
export * from './engine/requests/chunkSession.js';
export * from './engine/requests/enrollRequest.js';
export * from './engine/requests/liveSession.js';
export * from './engine/requests/recordingRequests.js';
export * from './engine/requests/sessionKeeping.js';
export * from './engine/requests/speakers.js';
export * from './engine/requests/turns.js';
export { StoreLock } from './files/storeLock.js';
export { ModelStore } from './inference/modelStore.js';
export type { SegmentationModel } from './inference/segmentationModel.js';
export type { SpeakerModel } from './inference/speakerModel.js';
export type { AuditFilter } from './registry/auditEntry.js';
export { AuditLog } from './registry/auditLog.js';
export { auditTrailOf, readAuditLog } from './registry/auditTrail.js';
export type { UnknownVoices } from './registry/unknownVoices.js';
export type { VoiceprintRegistry } from './registry/voiceprintRegistry.js';
