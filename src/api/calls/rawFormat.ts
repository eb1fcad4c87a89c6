import type { RawFormat } from '../../core/recording.js';

/** Spellings of headerless codecs seen in the wild, reduced to letters and digits. Containers need no entry: bytes decide. */
const RAW_CODECS: ReadonlyMap<string, RawFormat['encoding']> = new Map(
  Object.entries({
    pcm: 's16le',
    pcm16: 's16le',
    pcms16le: 's16le',
    s16le: 's16le',
    s16: 's16le',
    int16: 's16le',
    linear16: 's16le',
    lpcm: 's16le',
    linearpcm: 's16le',
    linear: 's16le',
    signedinteger: 's16le',
    raw: 's16le',
    s16be: 's16be',
    pcms16be: 's16be',
    u8: 'u8',
    pcmu8: 'u8',
    s24le: 's24le',
    pcms24le: 's24le',
    s24be: 's24be',
    pcms24be: 's24be',
    s32le: 's32le',
    pcms32le: 's32le',
    s32be: 's32be',
    pcms32be: 's32be',
    f32le: 'f32le',
    pcmf32le: 'f32le',
    float32: 'f32le',
    f32be: 'f32be',
    pcmf32be: 'f32be',
    mulaw: 'mulaw',
    ulaw: 'mulaw',
    pcmu: 'mulaw',
    pcmmulaw: 'mulaw',
    g711u: 'mulaw',
    g711ulaw: 'mulaw',
    g711mulaw: 'mulaw',
    basic: 'mulaw',
    alaw: 'alaw',
    pcma: 'alaw',
    pcmalaw: 'alaw',
    g711a: 'alaw',
    g711alaw: 'alaw',
  } as const),
);

export interface DeclaredFormat {
  readonly encoding?: string | undefined;
  readonly sampleRate?: number | undefined;
  readonly channels?: number | undefined;
  readonly track?: number | undefined;
  readonly channel?: number | undefined;
}

/** Format of headerless audio, from the caller's parameters; undefined where they are not sufficient. */
export function rawFormatOf({ encoding = '', sampleRate, channels = 1 }: DeclaredFormat): RawFormat | undefined {
  const codec = RAW_CODECS.get(
    encoding
      .toLowerCase()
      .replace(/^audio\/(x-)?/, '')
      .replace('µ', 'u')
      .replace(/[^a-z0-9]/g, ''),
  );
  if (codec === undefined) return undefined;
  // G.711 is 8 kHz unless specified otherwise (RFC 3551); PCM has no such rule.
  const sampleRateHz = sampleRate ?? (codec === 'mulaw' || codec === 'alaw' ? 8000 : undefined);
  return sampleRateHz === undefined ? undefined : { encoding: codec, sampleRateHz, channels };
}

/** Reads `audio/pcm;rate=16000;channels=1` of a Content-Type header. */
export function formatOfContentType(contentType: string): DeclaredFormat {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  const value = (name: string): number | undefined => {
    const text = parameters.map((part) => part.trim()).find((part) => part.startsWith(`${name}=`));
    const number = Number(text?.slice(name.length + 1).replaceAll('"', ''));
    return Number.isInteger(number) && number > 0 ? number : undefined;
  };
  return { encoding: type.trim().split('/')[1], sampleRate: value('rate'), channels: value('channels') };
}
