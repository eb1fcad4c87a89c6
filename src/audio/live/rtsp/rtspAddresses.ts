/** What a device declares about the address of one of its tracks. */
export interface TrackAddress {
  /** `a=control` of the track; undefined or `*` where the whole is meant. */
  readonly control: string | undefined;
  /** `Content-Base`, else `Content-Location`, of the answer to DESCRIBE. */
  readonly contentBase: string | undefined;
  /** The requested address. */
  readonly requestUrl: string;
}

const MAX_ADDRESSES = 8;

/**
 * Addresses under which a device may know a track, likeliest first. The base that devices name is often wrong: it lacks
 * its last slash, its scheme, or a usable host. What ffmpeg, live555 and GStreamer make of it comes first (control
 * behind base and slash), then according to RFC 3986, then the same with the requested address.
 */
export function trackAddresses({ control, contentBase, requestUrl }: TrackAddress): readonly string[] {
  const named = control?.trim() ?? '';
  if (isAbsolute(named)) return withOwnHost([repaired(named, requestUrl)], requestUrl);
  const bases = basesOf(contentBase, requestUrl);
  if (named === '' || named === '*') return withOwnHost(bases, requestUrl);
  return withOwnHost(
    bases.flatMap((base) => joined(base, named)),
    requestUrl,
  );
}

/** Addresses of all tracks together, for PLAY and TEARDOWN: the track's own comes last. */
export function aggregateAddresses(
  sessionControl: string | undefined,
  { contentBase, requestUrl }: Omit<TrackAddress, 'control'>,
  track: string,
): readonly string[] {
  const own = trackAddresses({ control: sessionControl, contentBase, requestUrl });
  return distinct([...own, ...basesOf(contentBase, requestUrl), track]);
}

const isAbsolute = (address: string): boolean => /^rtsps?:\/\//i.test(address);

function basesOf(contentBase: string | undefined, requestUrl: string): readonly string[] {
  return distinct([...(contentBase ? [repaired(contentBase.trim(), requestUrl)] : []), requestUrl]);
}

/** An address as it should have been sent: with one scheme, and a host that can be read. */
function repaired(address: string, requestUrl: string): string {
  const scheme = /^rtsps?:\/\//i.exec(requestUrl)?.[0] ?? 'rtsp://';
  const last = Math.max(address.lastIndexOf('rtsp://'), address.lastIndexOf('rtsps://')); // `rtsp://rtsp://host/`
  const single = last > 0 ? address.slice(last) : address;
  if (single.startsWith('/')) return `${scheme}${authorityOf(requestUrl)}${single}`;
  const whole = isAbsolute(single) ? single : `${scheme}${single}`; // `host:554/`
  if (URL.canParse(whole)) return whole;
  return withAuthority(whole, authorityOf(requestUrl)); // `rtsp://::ffff:10.0.0.5/`
}

const authorityOf = (address: string): string => /^[a-z]+:\/\/([^/?#]*)/i.exec(address)?.[1] ?? '';

const withAuthority = (address: string, authority: string): string =>
  address.replace(/^([a-z]+:\/\/)[^/?#]*/i, (_, scheme: string) => `${scheme}${authority}`);

function joined(base: string, control: string): readonly string[] {
  const behind = base.endsWith('/') || control.startsWith('/') ? `${base}${control}` : `${base}/${control}`;
  const all = [behind];
  if (URL.canParse(control, base)) all.push(new URL(control, base).href);
  const query = base.indexOf('?');
  if (query >= 0) {
    const path = base.slice(0, query);
    all.push(`${path}${path.endsWith('/') ? '' : '/'}${control}${base.slice(query)}`);
  }
  return all;
}

/** Behind a router a device names a host of its own network: that is tried first, then the one of the connection. */
function withOwnHost(addresses: readonly string[], requestUrl: string): readonly string[] {
  const authority = authorityOf(requestUrl);
  return distinct([...addresses, ...addresses.map((address) => withAuthority(address, authority))]);
}

const distinct = (addresses: readonly string[]): readonly string[] => [...new Set(addresses)].slice(0, MAX_ADDRESSES);
