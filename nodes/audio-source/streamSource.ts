import { VoicePrintsError } from '../../src/index.js';
import type { LiveSource } from '../../src/live.js';
import type { TypedProperty } from '../shared/typedProperty.js';
import { absolute } from './audioOf.js';
import type { AudioSettings } from './audioSettings.js';
import { addressOf, certificatesOf, microphoneOf, rtpSourceOf, type SourceCredentials } from './liveSettings.js';

interface StreamSourceOptions {
  readonly credentials: SourceCredentials;
  readonly workingDirectory: string | undefined;
  /** The value of a field that may come with a message, as text. */
  readonly evaluate: (property: TypedProperty, what: string) => Promise<string | undefined>;
}

/** A camera, a radio, an RTP stream, a microphone or a file in real time, as the settings describe it. Throws INPUT_INVALID, and what certificatesOf throws. */
export async function streamSourceOf(
  settings: AudioSettings,
  { credentials, workingDirectory, evaluate }: StreamSourceOptions,
): Promise<LiveSource> {
  const { mode, transport, latencyMs } = settings;
  if (mode === 'rtp') return rtpSourceOf(settings);
  if (mode === 'microphone') return microphoneOf(settings);
  if (mode === 'liveFile') {
    const path = await evaluate({ value: settings.file, type: settings.fileType }, 'the file');
    return liveFileOf(settings, path, workingDirectory);
  }
  const given = (await evaluate({ value: settings.url, type: settings.urlType }, 'the address')) ?? '';
  const { trust } = await certificatesOf(settings, process.env, workingDirectory);
  const address = { ...addressOf(given, credentials), ...(trust && { trust }) };
  if (mode === 'http') return { kind: 'http', ...address };
  return { kind: 'rtsp', ...address, transport, ...(latencyMs !== undefined && { latencyMs }) };
}

function liveFileOf(
  settings: AudioSettings,
  path: string | undefined,
  workingDirectory: string | undefined,
): LiveSource {
  if (path === undefined) {
    throw new VoicePrintsError('INPUT_INVALID', 'there is no file name; enter the path of a recording in this node');
  }
  const { isRaw, rawEncoding: encoding, rawSampleRateHz: sampleRateHz, rawChannels: channels, isLooped } = settings;
  return {
    kind: 'file',
    path: absolute(path, workingDirectory),
    isLooped,
    ...(isRaw && { rawFormat: { encoding, sampleRateHz, channels } }),
  };
}
