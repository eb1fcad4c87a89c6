import { z } from 'zod';
import { RAW_ENCODINGS } from '../../src/index.js';
import { checkbox, field, isTicked, type SettingsForm, text, withDefaults } from '../shared/settings.js';
import { LIVE_MODES, type LiveMode, liveDefaults, liveShape, secureDefaults, sharedDefaults } from './liveSettings.js';

const schema = z.object({
  mode: z.enum(['file', 'message', ...LIVE_MODES]).default('file'),
  file: text,
  fileType: text,
  emits: z.enum(['reference', 'bytes']).default('reference').describe('What a file becomes: {path}, or its bytes'),
  isStarting: checkbox.describe('Reads the file once after each deploy'),
  startDelayMs: field(z.coerce.number().int().min(0).max(3_600_000).default(500)),
  property: text,
  propertyType: text,
  isBase64: checkbox,
  several: z.enum(['each', 'together']).default('each'),
  isRaw: checkbox,
  rawEncoding: z.enum(RAW_ENCODINGS).default('s16le'),
  rawSampleRateHz: field(z.coerce.number().int().min(4_000).max(192_000).default(16_000)),
  rawChannels: field(z.coerce.number().int().min(1).max(32).default(1)),
  ...liveShape,
});

export type AudioSettings = z.output<typeof schema>;

/** True where the node carries a stream and not recordings. */
export const isLive = ({ mode }: AudioSettings): boolean => LIVE_MODES.includes(mode as LiveMode);

/** Settings of audio-source and how older ones are brought up to date. */
export const audioForm: SettingsForm<typeof schema> = {
  schema,
  migrations: [
    withDefaults({
      mode: 'file',
      file: '',
      fileType: 'str',
      emits: 'reference',
      isStarting: false,
      property: 'payload',
      propertyType: 'msg',
      isBase64: false,
      several: 'each',
      isRaw: false,
      rawEncoding: 's16le',
    }),
    withDefaults(liveDefaults),
    withDefaults(secureDefaults),
    withDefaults(sharedDefaults),
  ],
  unused: ({ mode, isRaw, rtpBy }) => {
    const isRawUsed = ['file', 'message', 'liveFile', 'udp', 'pcm'].includes(String(mode)) && isTicked(isRaw);
    return [
      ...(mode === 'file' ? [] : ['startDelayMs']),
      ...(isRawUsed ? [] : ['rawSampleRateHz', 'rawChannels']),
      ...(mode === 'rtsp' || mode === 'rtp' ? [] : ['latencyMs']),
      ...(mode === 'rtp' && rtpBy === 'port' ? [] : ['rtpPort', 'rtpClockRateHz', 'rtpPayloadType']),
      ...(mode === 'udp' ? [] : ['udpPort']),
      ...(mode === 'sip' ? [] : ['sipPort', 'sipMaxCalls', 'rtpPortMin', 'rtpPortMax']),
    ];
  },
};
