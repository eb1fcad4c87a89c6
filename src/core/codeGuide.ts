import type { ErrorCode } from './errors.js';
import type { SampleReasonCode, WarningCode } from './identification.js';

/** Explanation of a code, as `voice-prints explain` and the documents show it. Markdown: code is in backquotes. */
export interface CodeMeaning {
  readonly means: string;
  /** What the user can do. */
  readonly remedy: string;
}

export const ERROR_GUIDE: Readonly<Record<ErrorCode, CodeMeaning>> = {
  AUDIO_EMPTY: { means: 'the recording has no bytes', remedy: 'check how it was saved or sent' },
  AUDIO_NOT_AUDIO: { means: 'the bytes are text, a picture, an archive …', remedy: 'give a recording' },
  AUDIO_CORRUPT: { means: 'the header or the data is damaged', remedy: 'save or download it again' },
  AUDIO_TRUNCATED: {
    means: 'it ends before its declared end; what is there was used (a warning)',
    remedy: 'send the whole file',
  },
  AUDIO_FORMAT_UNSUPPORTED: {
    means: 'a known container or codec that is not decoded',
    remedy: 'convert it to WAV or FLAC',
  },
  AUDIO_FORMAT_MISSING: {
    means: 'bytes without a header and without a declared format',
    remedy: 'give encoding, rate and channels',
  },
  AUDIO_RATE_INVALID: { means: 'a sample rate outside 4,000 to 192,000 Hz', remedy: 'convert it' },
  AUDIO_CHANNELS_INVALID: { means: 'no channels, or more than 32', remedy: 'convert it' },
  AUDIO_TRACK_NOT_FOUND: {
    means: 'there is no such audio track or channel',
    remedy: 'choose a lower number, or none to mix all',
  },
  AUDIO_DECODER_MISSING: {
    means: 'this needs GStreamer, or a plug-in of it, that is not installed',
    remedy: 'install what the message names',
  },
  AUDIO_DECODE_FAILED: { means: 'the decoder failed', remedy: 'convert it to WAV or FLAC' },
  AUDIO_DECODE_TIMEOUT: { means: 'decoding took too long', remedy: 'check the source, or convert it to WAV' },
  AUDIO_TOO_LARGE: { means: 'more bytes than allowed', remedy: 'send less' },
  AUDIO_TOO_LONG: { means: 'longer than allowed', remedy: 'cut it into pieces' },
  AUDIO_TOO_SHORT: { means: 'too few samples to analyse', remedy: 'record again' },
  AUDIO_SILENT: { means: 'digital silence, or nearly', remedy: 'check the microphone and its level' },
  AUDIO_NO_SPEECH: { means: 'sound, but no speech (a warning when identifying)', remedy: 'check the recording' },
  AUDIO_BASE64_INVALID: { means: 'the text is not base64', remedy: 'encode the bytes again' },
  FILE_NOT_FOUND: {
    means: 'there is no such file; the message names the path that was tried',
    remedy: 'check the path',
  },
  FILE_UNREADABLE: { means: 'the file cannot be read', remedy: 'check its permissions' },
  FILE_UNWRITABLE: { means: 'the file cannot be written', remedy: 'check the folder and its permissions' },
  URL_INVALID: { means: 'the url cannot be read', remedy: 'give a full http(s) address' },
  URL_FORBIDDEN: {
    means: 'the url is in a private network, or is not http(s)',
    remedy: 'allow the host, or send the bytes',
  },
  URL_UNREACHABLE: { means: 'the url does not return the audio', remedy: 'check it' },
  URL_TOO_LARGE: { means: 'the url delivers more than allowed', remedy: 'send less' },
  URL_TIMEOUT: { means: 'the url answers too slowly', remedy: 'try again, or send the bytes' },
  LIVE_UNREACHABLE: {
    means: 'no answer from the address of a live source',
    remedy: 'check address, network and that the device is on',
  },
  LIVE_TLS_FAILED: {
    means: 'there is no secure connection to a live source, or its certificate is not trusted',
    remedy: 'give the authority of its certificate, or the fingerprint of the certificate',
  },
  LIVE_UNAUTHORIZED: {
    means: 'a live source refuses the user and password, or requires them',
    remedy: 'correct them; it is tried again slowly, since devices lock out',
  },
  LIVE_NOT_FOUND: { means: 'the device or server has no such stream', remedy: 'check the path of the address' },
  LIVE_NO_AUDIO: { means: 'the device sends no sound', remedy: 'switch its microphone on' },
  LIVE_LOST: { means: 'the connection to a live source broke', remedy: 'wait: the connection is tried again' },
  LIVE_STALLED: { means: 'connected, but no audio comes', remedy: 'check the source if it does not come back' },
  LIVE_DEVICE_UNAVAILABLE: {
    means: 'the microphone cannot be opened',
    remedy: 'check that it is plugged in, free, and that you may record',
  },
  LIVE_PORT_UNAVAILABLE: {
    means: 'the UDP port for RTP cannot be opened',
    remedy: 'choose another, or end what uses it',
  },
  SIP_LISTEN_FAILED: {
    means: 'the SIP port or no audio port could be opened',
    remedy: 'choose another port, or end what uses it',
  },
  SIP_UNREACHABLE: {
    means: 'the registrar or the called side does not answer',
    remedy: 'check address, network and firewall',
  },
  SIP_TLS_FAILED: {
    means: 'there is no secure connection to the exchange or the called side, or its certificate is not trusted',
    remedy:
      'give the authority of its certificate, or its fingerprint; give your own certificate where it asks for one',
  },
  SIP_REGISTER_REFUSED: { means: 'the registrar refuses this account', remedy: 'check user, password and realm' },
  SIP_BUSY: {
    means: 'the called side is busy, or all lines of this endpoint are',
    remedy: 'try again later, or raise the number of calls',
  },
  SIP_DECLINED: { means: 'the called side declined the call', remedy: 'ask them to take it' },
  SIP_NOT_FOUND: { means: 'this number or address does not exist', remedy: 'check who is called' },
  SIP_UNAUTHORIZED: {
    means: 'the called side or its exchange requires authorization',
    remedy: 'check the account, its password and what it may call',
  },
  SIP_CALL_REFUSED: {
    means: 'a call was refused for another reason, or not answered',
    remedy: 'see `status` in the details; try again later',
  },
  SIP_CODEC_MISMATCH: {
    means: 'the two sides of a call share no codec, or no encryption',
    remedy: 'allow another codec, or change `srtp`',
  },
  SIP_NO_MEDIA: {
    means: 'a call was connected, but no audio arrived',
    remedy: 'open the audio ports in the firewall, or set the public address',
  },
  SIP_SESSION_EXPIRED: {
    means: 'a call was ended because the other side no longer confirmed it (session timer)',
    remedy: 'call again; check the network and the exchange if it happens often',
  },
  MQTT_UNREACHABLE: {
    means: 'the MQTT broker does not answer; the connection is tried again',
    remedy: 'check the address and that the broker runs and speaks MQTT 5',
  },
  MQTT_UNAUTHORIZED: {
    means: 'the MQTT broker refuses this client, or a topic to it; the connection is tried again',
    remedy: 'check user, password, client certificate and the access list of the broker',
  },
  MQTT_TLS_FAILED: {
    means: 'there is no secure connection to the MQTT broker',
    remedy: 'check its certificate, `--mqtt-ca`, and `--mqtt-cert` with `--mqtt-key`',
  },
  MQTT_MESSAGES_LOST: {
    means: 'messages did not fit into the buffer while the MQTT broker was away or slow',
    remedy: 'check the broker, or allow more with `--mqtt-buffer`',
  },
  CREDENTIALS_IN_URL: {
    means: 'an address on the command line contains a user or a password, which others can read there',
    remedy: 'give them in the environment or in a file',
  },
  ENROLL_REFUSED: {
    means: 'no sample passed the enrolment gate; nothing was stored',
    remedy: 'follow the reasons in the message',
  },
  CONSENT_REQUIRED: {
    means: 'consent is required, and none was recorded with this enrolment or before',
    remedy: 'give the consent: `--consent`, `consentText`, *Consent* of the node',
  },
  SPEAKER_ID_INVALID: { means: 'an id is letters, digits and `_`, at most 128', remedy: 'choose another' },
  SPEAKER_NOT_FOUND: { means: 'no speaker is enrolled under this id', remedy: 'check the id' },
  SPEAKER_INCOMPLETE: { means: 'the person has no voiceprint of the model in use', remedy: 'enrol them with it' },
  SPEAKER_EXISTS: { means: 'the id is taken (import without replace)', remedy: 'replace, or leave the person out' },
  CLUSTER_NOT_FOUND: {
    means: 'this session has no unknown voice with that id',
    remedy: 'use one of a turn event, or omit it for the most recent one',
  },
  TURN_NOT_FOUND: {
    means: 'no such turn is remembered: turns are kept for a day at most, and not over a restart',
    remedy: 'list the turns to see those that are',
  },
  FEEDBACK_NOT_FOUND: {
    means: 'no such feedback is remembered, or it was undone already',
    remedy: 'list the feedback to see what can be undone',
  },
  NAME_TAKEN: {
    means: 'another voice of the conversation has this name',
    remedy: 'correct that one first, or say that both are the same person (`isAlsoOther`)',
  },
  SAMPLE_NOT_FOUND: {
    means: 'the voiceprint has no such sample, or not any more',
    remedy: 'list the samples to see their ids',
  },
  KEY_NOT_FOUND: { means: 'no API key has that id, or it has ended', remedy: 'see `voice-prints keys list`' },
  REGISTRY_UNAVAILABLE: {
    means: "the store's folder cannot be used",
    remedy: 'check that it exists, is yours and has room',
  },
  REGISTRY_LOCKED: { means: 'another process holds the store', remedy: 'try again; end the other process' },
  REGISTRY_CORRUPT: {
    means: 'the store or the export is damaged',
    remedy: 'restore a backup; without one, move a file below `voiceprints/` away and enrol the people in it again',
  },
  REGISTRY_KEY_MISSING: {
    means: 'the store is encrypted',
    remedy: 'give its key: `VOICE_PRINTS_KEY`, *Encryption key* of the store node, `encryptionKey`',
  },
  REGISTRY_KEY_WRONG: { means: 'the key or the passphrase does not fit', remedy: 'give the right one' },
  REGISTRY_VERSION_NEWER: { means: 'the store was written by a newer release', remedy: 'update the package' },
  MODEL_NOT_FOUND: { means: 'no such model', remedy: 'see `models list`, or check the path' },
  MODEL_INVALID: { means: 'the file is not a usable speaker model', remedy: 'use one with sherpa-onnx metadata' },
  MODEL_IN_USE: { means: 'the model is in use and cannot be removed', remedy: 'choose another one first' },
  JOB_NOT_FOUND: {
    means: 'no job has this request id, or its outcome is no longer kept',
    remedy: 'check the id; poll in time',
  },
  JOB_CONFLICT: {
    means: 'another request was already made under this request id',
    remedy: 'choose another id, or repeat the request unchanged',
  },
  JOB_POISONED: {
    means: 'the process ended in each of three tries at this job',
    remedy: 'check the recording; send it again if it was not the cause',
  },
  JOB_EXPIRED: {
    means: 'the job waited longer than audio is kept',
    remedy: 'send it again when fewer jobs are waiting',
  },
  JOBS_FULL: { means: 'too many jobs are waiting', remedy: 'send it again later; `Retry-After` gives the time' },
  JOBS_LOCKED: {
    means: 'another process runs the jobs of this store',
    remedy: 'send the call to that one, or end it and try again',
  },
  WEBHOOK_NOT_FOUND: { means: 'no undelivered webhook has this id', remedy: 'see `webhooks list`' },
  INFERENCE_UNAVAILABLE: {
    means: 'the build of ONNX Runtime that VOICE_PRINTS_RUNTIME asks for cannot be loaded',
    remedy: 'do as the message says, or unset VOICE_PRINTS_RUNTIME',
  },
  INFERENCE_FAILED: { means: 'the model failed on this input', remedy: 'report it, with the code' },
  CONFIG_INVALID: { means: 'a setting is wrong; the message names it', remedy: 'correct it' },
  INPUT_INVALID: { means: 'a message, a request or a file is not of the expected form', remedy: 'correct it' },
  ENGINE_BUSY: { means: 'too many recordings are waiting', remedy: 'try again later' },
  ENGINE_CLOSED: { means: 'the engine was shut down (a deploy, the end)', remedy: 'try again' },
  ABORTED: { means: 'the work was stopped before its end', remedy: 'start it again if that was not meant' },
  INTERNAL: { means: 'an internal failure', remedy: 'report it; the log names its cause' },
  USAGE: { means: 'a wrong command line', remedy: 'see `--help`' },
};

/** Explanations of warnings: the work was done nevertheless. */
export const WARNING_GUIDE: Readonly<Record<WarningCode, CodeMeaning>> = {
  AUDIO_NARROW_BAND: {
    means: 'the speech has telephone bandwidth; names are less certain',
    remedy: 'enrol the people over the telephone, too',
  },
  AUDIO_TRACK_SKIPPED: {
    means: 'some audio tracks could not be decoded; the answer covers the others',
    remedy: 'convert the recording to use all of them',
  },
  MODEL_UNCALIBRATED: {
    means: 'this speaker model is not calibrated: names come with a careful default, which finds fewer people',
    remedy: 'run `voice-prints calibrate` on recordings of your own',
  },
  NOBODY_ENROLLED: {
    means: 'no speaker is enrolled: every voice is unknown',
    remedy: 'enrol people, 12 s of speech each',
  },
  VOICEPRINT_STALE: {
    means: 'some people were enrolled with another speaker model and could not be recognised',
    remedy: 'enrol them again, or use that model',
  },
};

/** Explanations of what the enrolment gate says of a sample. The message of each has what was measured. */
export const SAMPLE_GUIDE: Readonly<Record<SampleReasonCode, CodeMeaning>> = {
  TOO_LITTLE_SPEECH: {
    means: 'the sample has too little speech; or, as a remark, the enrolment needs more samples',
    remedy: 'record a longer sample, or add another',
  },
  TOO_NOISY: { means: 'the noise is too loud beside the speech', remedy: 'go closer to the microphone, or elsewhere' },
  TOO_QUIET: {
    means: 'the recording is too quiet to find speech in it',
    remedy: 'turn the microphone up, or go closer to it',
  },
  CLIPPED: { means: 'the speech is cut off by overload', remedy: 'turn the microphone down and record again' },
  NARROW_BAND: {
    means: 'the speech has telephone bandwidth (a remark)',
    remedy: 'add a sample from a microphone, if the person is to be named there',
  },
  DC_OFFSET: {
    means: 'the recording has a constant offset (a remark)',
    remedy: 'check the sound card or the cable',
  },
  SECOND_VOICE: {
    means: 'a second person speaks in the sample; the message says where',
    remedy: 'record it again without others, or cut the other voice out',
  },
  DISAGREES_WITH_EARLIER: {
    means: 'it does not sound like the other samples of this person',
    remedy: 'check who speaks in it, or delete the voiceprint and enrol again',
  },
  COLLIDES_WITH_OTHER: {
    means: 'it sounds like somebody else who is enrolled',
    remedy: 'add it to that voiceprint, or delete that one first',
  },
  SAME_RECORDING: {
    means: 'the recording is part of the voiceprint already, perhaps in another format',
    remedy: 'add another recording',
  },
  NOTHING_KEPT: {
    means: 'feedback on a turn whose sound is no longer kept',
    remedy: 'correct turns of a running session or of a recent recording',
  },
  AUDIO_UNREADABLE: { means: 'the sample is not audio that can be read', remedy: 'do as its message says' },
};
