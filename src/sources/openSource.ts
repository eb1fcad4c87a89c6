import type { LiveAudio } from '../core/live.js';
import type { LiveSource } from '../core/liveSource.js';
import { CallsAudio, openLive, parseLiveSource } from '../live.js';
import { parseSipLine } from './sipLine.js';
import type { SourceSpec } from './sourceSpec.js';

export interface OpenSourceOptions {
  readonly signal: AbortSignal;
  /** See OpenLiveOptions. */
  readonly allowHosts: readonly string[];
}

/** The audio of a source. Throws INPUT_INVALID, USAGE. */
export function openSource({ source, login, rawFormat, isLooped }: SourceSpec, options: OpenSourceOptions): LiveAudio {
  const { signal } = options;
  if (/^sip:/i.test(source)) return new CallsAudio({ ...parseSipLine(source, login?.password ?? ''), signal });
  return openLive(withDetails(parseLiveSource(source)), options);

  function withDetails(parsed: LiveSource): LiveSource {
    if (parsed.kind === 'file') return { ...parsed, isLooped, ...(rawFormat && { rawFormat }) };
    if (parsed.kind === 'udp' && rawFormat) return { ...parsed, rawFormat };
    if (login && (parsed.kind === 'rtsp' || parsed.kind === 'http')) return { ...parsed, credentials: login };
    return parsed;
  }
}
