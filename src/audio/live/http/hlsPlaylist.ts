/** RFC 8216, as far as listening needs it. */
export interface HlsVariant {
  readonly uri: string;
  readonly bandwidth: number;
  readonly hasPictures: boolean;
}

export interface HlsKey {
  readonly method: string;
  readonly uri: string | undefined;
  readonly iv: Buffer | undefined;
}

export interface HlsSegment {
  readonly uri: string;
  readonly sequence: number;
  /** As the header `Range` says it. */
  readonly range: string | undefined;
  readonly key: HlsKey | undefined;
  /** Header that must be read before the first segment that names it. */
  readonly map: { readonly uri: string; readonly range: string | undefined } | undefined;
}

export type HlsPlaylist =
  | { readonly kind: 'choice'; readonly variants: readonly HlsVariant[]; readonly audio: readonly string[] }
  | {
      readonly kind: 'segments';
      readonly segments: readonly HlsSegment[];
      readonly targetMs: number;
      readonly hasEnd: boolean;
    };

type Attributes = Readonly<Record<string, string>>;

/** @param base address of the playlist, which the addresses in it are relative to */
export function parseHlsPlaylist(text: string, base: string): HlsPlaylist {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.some((line) => line.startsWith('#EXT-X-STREAM-INF:')) ? choice(lines, base) : segmentsOf(lines, base);
}

function choice(lines: readonly string[], base: string): HlsPlaylist {
  const variants: HlsVariant[] = [];
  const audio: string[] = [];
  lines.forEach((line, i) => {
    const [, tag, text = ''] = /^#(EXT-X-STREAM-INF|EXT-X-MEDIA):(.*)$/.exec(line) ?? [];
    if (!tag) return;
    const fields = attributes(text);
    if (tag === 'EXT-X-MEDIA') {
      if (fields.TYPE === 'AUDIO' && fields.URI) audio.push(new URL(fields.URI, base).href);
      return;
    }
    const uri = lines.slice(i + 1).find((next) => next !== '' && !next.startsWith('#'));
    if (uri === undefined) return;
    const hasPictures = fields.RESOLUTION !== undefined || /avc|hvc|hev|vp0|av01/.test(fields.CODECS ?? '');
    variants.push({ uri: new URL(uri, base).href, bandwidth: Number(fields.BANDWIDTH ?? 0), hasPictures });
  });
  return { kind: 'choice', variants, audio };
}

function segmentsOf(lines: readonly string[], base: string): HlsPlaylist {
  const segments: HlsSegment[] = [];
  const at = (uri: string) => new URL(uri, base).href;
  let sequence = 0;
  let targetMs = 6_000;
  let key: HlsKey | undefined;
  let map: HlsSegment['map'];
  let range: string | undefined;
  let rangeEnd = 0;
  const rangeOf = (text: string): string => {
    const [length = 0, offset = rangeEnd] = text.split('@').map(Number);
    rangeEnd = offset + length;
    return `bytes=${offset}-${rangeEnd - 1}`;
  };
  for (const line of lines) {
    const [, tag, text = ''] = /^#(EXT[A-Z0-9-]*):?(.*)$/.exec(line) ?? [];
    if (tag === 'EXT-X-MEDIA-SEQUENCE') sequence = Number(text);
    else if (tag === 'EXT-X-TARGETDURATION') targetMs = 1_000 * Number(text);
    else if (tag === 'EXT-X-BYTERANGE') range = rangeOf(text);
    else if (tag === 'EXT-X-KEY') key = keyOf(attributes(text), at);
    else if (tag === 'EXT-X-MAP') {
      const { URI = '', BYTERANGE } = attributes(text);
      map = { uri: at(URI), range: BYTERANGE === undefined ? undefined : rangeOf(BYTERANGE) };
    } else if (line !== '' && !line.startsWith('#')) {
      segments.push({ uri: at(line), sequence, range, key, map });
      sequence += 1;
      range = undefined;
    }
  }
  return { kind: 'segments', segments, targetMs, hasEnd: lines.includes('#EXT-X-ENDLIST') };
}

function keyOf({ METHOD = 'NONE', URI, IV }: Attributes, at: (uri: string) => string): HlsKey | undefined {
  if (METHOD === 'NONE') return undefined;
  const iv = IV === undefined ? undefined : Buffer.from(IV.slice(2).padStart(32, '0'), 'hex');
  return { method: METHOD, uri: URI === undefined ? undefined : at(URI), iv };
}

const attributes = (text: string): Attributes =>
  Object.fromEntries(
    [...text.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))/g)].map(([, name, inQuotes, bare]) => [
      name!,
      inQuotes ?? bare ?? '',
    ]),
  );

/** Sound alone where it is offered, else the least of what comes with pictures. */
export function bestForListening({ variants, audio }: Extract<HlsPlaylist, { kind: 'choice' }>): string | undefined {
  const cheapest = [...variants].sort(
    (a, b) => Number(a.hasPictures) - Number(b.hasPictures) || a.bandwidth - b.bandwidth,
  )[0];
  return cheapest?.hasPictures ? (audio[0] ?? cheapest.uri) : cheapest?.uri;
}
