/** Live sources for `Engine.watch`: cameras, radios, calls, microphones, files in real time, audio that is pushed. */

export { type LiveTools, liveTools, type MissingTool } from './audio/live/liveTools.js';
export { listMicrophones, type Microphone } from './audio/live/microphone/listMicrophones.js';
export { type OpenLiveOptions, openLive } from './audio/live/openLive.js';
export { PushedAudio, type PushedAudioOptions } from './audio/live/pushedAudio.js';
export { OpusPackets } from './audio/live/rtp/opusPackets.js';
export { type OpenUdpOptions, openUdp, type UdpSender, type UdpSenders } from './audio/live/udp/openUdp.js';
export { CallsAudio, type CallsAudioOptions } from './audio/sip/calls/callsAudio.js';
export { openSip } from './audio/sip/openSip.js';
export * from './audio/sip/sipTypes.js';
export * from './core/live.js';
export * from './core/liveSource.js';
export { parseLiveSource, splitCredentials } from './core/parseLiveSource.js';
export type { OwnCertificate, ServerTrust } from './core/serverTrust.js';
export { readTlsFiles, type TlsFiles } from './tls/tlsFiles.js';
