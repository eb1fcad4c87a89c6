/**
 * RFC 8216, as far as listening needs it; everything else is passed over, since stations break most rules of it. Each
 * line is looked at once: an address may lead to a playlist that was made to take long. Addresses stay as they stand.
 */
export interface HlsVariant {
  readonly uri: string;
  readonly bandwidth: number;
  readonly hasPictures: boolean;
  /** Group of its sound, where that stands apart. */
  readonly audioGroup: string | undefined;
}

export interface HlsRendition {
  readonly uri: string;
  readonly group: string | undefined;
  readonly isDefault: boolean;
}

export interface HlsKey {
  readonly method: string;
  readonly uri: string | undefined;
  readonly iv: Buffer | undefined;
  /** Whether the key is what lies at its address, rather than of a system of rights. */
  readonly isPlain: boolean;
}

export interface HlsRange {
  readonly offset: number;
  readonly length: number;
}

export interface HlsSegment {
  readonly uri: string;
  readonly sequence: number;
  readonly range: HlsRange | undefined;
  readonly key: HlsKey | undefined;
  /** Header that must be read before the first segment that names it. */
  readonly map: { readonly uri: string; readonly range: HlsRange | undefined } | undefined;
  /** Whether the clock or the coding restarts with it. */
  readonly isDiscontinuous: boolean;
  /** Whether the server has nothing to give for it. */
  readonly isGap: boolean;
}

export type HlsPlaylist =
  | { readonly kind: 'choice'; readonly variants: readonly HlsVariant[]; readonly audio: readonly HlsRendition[] }
  | {
      readonly kind: 'segments';
      readonly segments: readonly HlsSegment[];
      readonly targetMs: number;
      readonly hasEnd: boolean;
    };

type Attributes = ReadonlyMap<string, string>;

/** A day of segments of 4 s; of longer lists the end. */
const MAX_SEGMENTS = 21_600;
const MAX_VARIANTS = 1_000;
/** Limits for the target duration of a playlist: 0 would poll the server without a pause. */
const [LEAST_TARGET_MS, DEFAULT_TARGET_MS, MOST_TARGET_MS] = [1_000, 6_000, 60_000];

/** @param text at most some megabytes of it */
export function parseHlsPlaylist(text: string): HlsPlaylist {
  return /^#EXT-X-STREAM-INF:/m.test(text) ? choice(text) : segmentsOf(text);
}

/** One after another: a list of very many short ones is never held as such. */
function* linesOf(text: string): Generator<string> {
  for (let at = 0; at <= text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end).trim();
    if (line !== '') yield line;
    if (end < 0) return;
    at = end + 1;
  }
}

function choice(text: string): HlsPlaylist {
  const variants: HlsVariant[] = [];
  const audio: HlsRendition[] = [];
  let fields: Attributes | undefined;
  for (const line of linesOf(text)) {
    const [tag, value] = tagOf(line);
    if (variants.length + audio.length >= MAX_VARIANTS) break;
    if (tag === 'EXT-X-STREAM-INF') fields = attributes(value);
    else if (tag === 'EXT-X-MEDIA') audio.push(...rendition(attributes(value)));
    else if (!line.startsWith('#') && fields) {
      variants.push(variant(line, fields));
      fields = undefined;
    }
  }
  return { kind: 'choice', variants, audio };
}

const variant = (uri: string, fields: Attributes): HlsVariant => ({
  uri,
  bandwidth: Number(fields.get('BANDWIDTH') ?? 0) || 0,
  hasPictures: fields.has('RESOLUTION') || /avc|hvc|hev|vp0|av01/.test(fields.get('CODECS') ?? ''),
  audioGroup: fields.get('AUDIO'),
});

function rendition(fields: Attributes): readonly HlsRendition[] {
  const uri = fields.get('URI');
  if (fields.get('TYPE') !== 'AUDIO' || uri === undefined) return [];
  return [{ uri, group: fields.get('GROUP-ID'), isDefault: fields.get('DEFAULT') === 'YES' }];
}

function segmentsOf(text: string): HlsPlaylist {
  let segments: HlsSegment[] = [];
  let hasEnd = false;
  let sequence = 0;
  let targetMs = DEFAULT_TARGET_MS;
  let key: HlsKey | undefined;
  let map: HlsSegment['map'];
  /** Of the segment that comes next. */
  let own: Partial<Pick<HlsSegment, 'range' | 'isDiscontinuous' | 'isGap'>> = {};
  let rangeEnd = 0;
  const rangeOf = (text: string): HlsRange | undefined => {
    const [length, offset = rangeEnd] = text.split('@').map(whole);
    if (length === undefined || !(length > 0) || !(offset >= 0)) return undefined;
    rangeEnd = offset + length;
    return { offset, length };
  };
  for (const line of linesOf(text)) {
    const [tag, value] = tagOf(line);
    if (tag === 'EXT-X-MEDIA-SEQUENCE') sequence = whole(value) || 0;
    else if (tag === 'EXT-X-TARGETDURATION') targetMs = paceOf(value);
    else if (tag === 'EXT-X-ENDLIST') hasEnd = true;
    else if (tag === 'EXT-X-BYTERANGE') own = { ...own, range: rangeOf(value) };
    else if (tag === 'EXT-X-DISCONTINUITY') own = { ...own, isDiscontinuous: true };
    else if (tag === 'EXT-X-GAP') own = { ...own, isGap: true };
    else if (tag === 'EXT-X-KEY') key = keyOf(attributes(value));
    else if (tag === 'EXT-X-MAP') {
      const fields = attributes(value);
      map = { uri: fields.get('URI') ?? '', range: rangeOf(fields.get('BYTERANGE') ?? '') };
    } else if (!line.startsWith('#')) {
      const { range, isDiscontinuous = false, isGap = false } = own;
      segments.push({ uri: line, sequence, range, key, map, isDiscontinuous, isGap });
      sequence += 1;
      own = {};
      if (segments.length === 2 * MAX_SEGMENTS) segments = segments.slice(-MAX_SEGMENTS);
    }
  }
  return { kind: 'segments', segments: segments.slice(-MAX_SEGMENTS), targetMs, hasEnd };
}

/** A number in [0, 2⁵³), or NaN. */
function whole(text: string): number {
  const number = /^\s*\d{1,15}\s*$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : Number.NaN;
}

function paceOf(text: string): number {
  const ms = 1_000 * Number(text);
  return Number.isFinite(ms) ? Math.min(MOST_TARGET_MS, Math.max(LEAST_TARGET_MS, ms)) : DEFAULT_TARGET_MS;
}

function keyOf(fields: Attributes): HlsKey | undefined {
  const method = fields.get('METHOD') ?? 'NONE';
  if (method === 'NONE') return undefined;
  const [, digits] = /^0x([0-9a-f]{1,32})$/i.exec(fields.get('IV') ?? '') ?? [];
  return {
    method,
    uri: fields.get('URI'),
    iv: digits === undefined ? undefined : Buffer.from(digits.padStart(32, '0'), 'hex'),
    isPlain: (fields.get('KEYFORMAT') ?? 'identity') === 'identity',
  };
}

function tagOf(line: string): readonly [tag: string | undefined, text: string] {
  if (!line.startsWith('#EXT')) return [undefined, ''];
  const colon = line.indexOf(':');
  return colon < 0 ? [line.slice(1), ''] : [line.slice(1, colon), line.slice(colon + 1)];
}

/** `NAME=value,NAME="value"` (RFC 8216, 4.2). From the beginning on, so that no character is looked at twice. */
function attributes(text: string): Attributes {
  const fields = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    const equals = text.indexOf('=', at);
    if (equals < 0) break;
    const name = text.slice(at, equals).trim();
    const isQuoted = text[equals + 1] === '"';
    const end = isQuoted ? text.indexOf('"', equals + 2) : text.indexOf(',', equals + 1);
    const valueEnd = end < 0 ? text.length : end;
    fields.set(name, text.slice(equals + (isQuoted ? 2 : 1), valueEnd).trim());
    const comma = isQuoted ? text.indexOf(',', valueEnd) : valueEnd;
    at = comma < 0 ? text.length : comma + 1;
  }
  return fields;
}

/** Sound alone where it is offered, else the least of what comes with pictures. */
export function bestForListening({ variants, audio }: Extract<HlsPlaylist, { kind: 'choice' }>): string | undefined {
  const cheapest = [...variants].sort(
    (a, b) => Number(a.hasPictures) - Number(b.hasPictures) || a.bandwidth - b.bandwidth,
  )[0];
  if (!cheapest?.hasPictures) return cheapest?.uri;
  const own = audio.filter(({ group }) => cheapest.audioGroup === undefined || group === cheapest.audioGroup);
  return (own.find(({ isDefault }) => isDefault) ?? own[0] ?? cheapest).uri;
}
