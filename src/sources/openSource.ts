import type { LiveAudio } from '../core/live.js';
import type { LiveSource } from '../core/liveSource.js';
import { CallsAudio, openLive, parseLiveSource } from '../live.js';
import { isSipLine, parseSipLine } from './sipLine.js';
import type { SourceSpec } from './sourceSpec.js';

export interface OpenSourceOptions {
  readonly signal: AbortSignal;
  /** See OpenLiveOptions. */
  readonly allowHosts: readonly string[];
}

/** The audio of a source. Throws INPUT_INVALID, USAGE. */
export function openSource(spec: SourceSpec, options: OpenSourceOptions): LiveAudio {
  const { source, login, trust, own, calls, rawFormat, isLooped } = spec;
  const { signal } = options;
  if (isSipLine(source)) {
    const line = parseSipLine(source, { password: login?.password ?? '', trust, own, ...calls });
    return new CallsAudio({ ...line, signal });
  }
  return openLive(withDetails(parseLiveSource(source)), options);

  function withDetails(parsed: LiveSource): LiveSource {
    if (parsed.kind === 'file') return { ...parsed, isLooped, ...(rawFormat && { rawFormat }) };
    if (parsed.kind === 'udp' && rawFormat) return { ...parsed, rawFormat };
    const isFetched = parsed.kind === 'rtsp' || parsed.kind === 'http';
    return isFetched ? { ...parsed, ...(login && { credentials: login }), ...(trust && { trust }) } : parsed;
  }
}
