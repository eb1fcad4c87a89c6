import { FETCH_DEFAULTS, type GuardedFetchOptions, guardedFetch } from '../../net/guardedFetch.js';

export { FETCH_DEFAULTS };
export type FetchAudioOptions = Omit<GuardedFetchOptions, 'accept'>;

/** The audio at a URL as a stream of bytes. Guards and errors as guardedFetch. */
export const fetchAudio = (
  url: string,
  options: FetchAudioOptions,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> => guardedFetch(url, { ...options, accept: 'audio/*, */*;q=0.5' }, signal);
