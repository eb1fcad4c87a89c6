import { VoicePrintsError } from '../../core/errors.js';
import type { AudioSelection } from '../../core/recording.js';
import { samplesOfMs } from '../../core/time.js';
import type { ByteSource } from '../byteSource.js';
import { hasEndOfStream } from '../headers/oggHeader.js';
import type { Probe } from '../probe.js';
import { corrupt, decodeFailed, decoderMissing, noSuchTrack } from './decodeErrors.js';
import type { DecoderOptions, Decoding } from './decoding.js';
import {
  countTracks,
  decodeWithGStreamer,
  GST_LAUNCH,
  type GStreamerSelection,
  isUnplaced,
  startGStreamer,
} from './gstreamer.js';
import { mixTracks, type TrackPieces } from './mixTracks.js';
import { decodeWithWasm, wasmDecoderOf } from './wasmDecoder.js';
import { STALL_TRIES, StalledDecoder } from './watchedOutput.js';

/**
 * How much shorter than declared a whole recording may come out: lossy codecs count their own delay (M4A ends 370
 * samples early), FLAC is exact but for resampling.
 */
const TOLERANCE_MS = 100;
const FLAC_TOLERANCE_MS = 5;
/** AAC: up to four of its frames of 1,024 samples, which are long at low rates. */
const TOLERANCE_SAMPLES = 4 * 1_024;

/** Containers that may hold several audio tracks and whose headers are not read here. */
const UNCOUNTED: readonly string[] = ['mpeg-ts', 'mpeg-ps', 'avi', 'asf'];
const MAX_TRACKS = 16;
/** A track that gives no audio while others do: it is empty, or its container is wrong. */
const START_MS = 45_000;

/** Apple's spatial audio always accompanies an ordinary track with the same audio. */
const ALTERNATE_CODECS: readonly string[] = ['apac'];

/** Everything that is not plain samples: by GStreamer, else by a WebAssembly decoder. */
export class CompressedDecoding implements Decoding {
  readonly #source: ByteSource;
  readonly #probe: Probe;
  readonly #selection: AudioSelection;
  readonly #options: DecoderOptions;
  #hasFailed = false;
  /** Of the tracks, counted from 1: those that no decoder here can read. */
  readonly #unreadable = new Set<number>();

  constructor(source: ByteSource, probe: Probe, selection: AudioSelection, options: DecoderOptions) {
    this.#source = source;
    this.#probe = probe;
    this.#selection = selection;
    this.#options = options;
  }

  /** Tracks left out of the mix since nothing here decodes them. */
  get skippedTracks(): number {
    const { tracks } = this.#probe;
    return [...this.#unreadable].filter((track) => !ALTERNATE_CODECS.includes(tracks[track - 1]?.codec ?? '')).length;
  }

  async *pieces(signal: AbortSignal): AsyncGenerator<Float32Array> {
    const { track, channel } = this.#selection;
    const count = await this.#countTracks(signal);
    if (track !== undefined && track > count) throw noSuchTrack(track, count);
    if (count === 1)
      yield* this.#track({ channel }, signal); // the only one is decoded without naming it
    else if (track !== undefined || channel !== undefined) yield* this.#track({ track: track ?? 1, channel }, signal);
    else yield* mixTracks(await this.#openAll(Math.min(count, MAX_TRACKS), signal));
    for (let skipped = MAX_TRACKS + 1; skipped <= count; skipped += 1) this.#unreadable.add(skipped);
  }

  async #countTracks(signal: AbortSignal): Promise<number> {
    const { tracks, format } = this.#probe;
    if (!UNCOUNTED.includes(format.container)) return Math.max(1, tracks.length);
    return countTracks(this.#options.gstLaunchCommand ?? GST_LAUNCH, this.#source, signal);
  }

  async isCut(samples: number): Promise<boolean> {
    const { format, tracks, isShort } = this.#probe;
    if (this.#hasFailed || isShort) return true;
    if (format.container === 'ogg') return !hasEndOfStream(await this.#source.tail());
    const { track, channel } = this.#selection;
    const chosen = track ?? (channel === undefined ? undefined : 1);
    const ends = tracks.flatMap(({ endMs }, i) => {
      const isUsed = (chosen === undefined || chosen === i + 1) && !this.#unreadable.has(i + 1);
      return isUsed && endMs !== undefined ? [endMs] : [];
    });
    const declaredMs = ends.length > 0 ? Math.max(...ends) : format.durationMs;
    return declaredMs !== undefined && samples < samplesOfMs(declaredMs - this.#toleranceMs());
  }

  #toleranceMs(): number {
    const { container, sampleRateHz } = this.#probe.format;
    if (container === 'flac') return FLAC_TOLERANCE_MS;
    return Math.max(TOLERANCE_MS, sampleRateHz ? (TOLERANCE_SAMPLES * 1000) / sampleRateHz : 0);
  }

  /** All tracks that can be decoded. Throws what the first of them throws where none can be. */
  async #openAll(count: number, signal: AbortSignal): Promise<TrackPieces[]> {
    const failures: unknown[] = [];
    const readable: TrackPieces[] = [];
    const waiting = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const own = new AbortController();
        const stop = AbortSignal.any([signal, own.signal]);
        const giveUp = () => own.abort(corrupt('an audio track contains no audio'));
        waiting.signal.addEventListener('abort', giveUp, { once: true });
        try {
          readable.push(await started(this.#track({ track: i + 1 }, stop)));
          waiting.signal.removeEventListener('abort', giveUp);
          timer ??= setTimeout(() => waiting.abort(), START_MS);
        } catch (thrown) {
          failures.push(thrown);
          // A track without a single packet is silent, not unreadable.
          if (!(thrown instanceof VoicePrintsError && thrown.code === 'AUDIO_CORRUPT')) this.#unreadable.add(i + 1);
        }
      }),
    );
    clearTimeout(timer);
    if (signal.aborted || readable.length === 0) {
      await Promise.all(readable.map((pieces) => pieces.return(undefined)));
      signal.throwIfAborted();
      throw failures[0];
    }
    return readable;
  }

  /** One track, or (undefined) the only one; tried once more where its channels have no places to be mixed by. */
  async *#track(selection: AudioSelection, signal: AbortSignal): TrackPieces {
    const { format, tracks } = this.#probe;
    const channels = (tracks[(selection.track ?? 1) - 1] ?? format).channels ?? 0;
    try {
      yield* this.#decode({ ...selection, isMono: channels === 1 }, signal);
    } catch (thrown) {
      const canBeMixed = channels > 2 && selection.channel === undefined && this.#source.isReplayable;
      if (!canBeMixed || !(thrown instanceof VoicePrintsError && isUnplaced(thrown))) throw thrown;
      yield* this.#decode({ ...selection, unplacedChannels: channels }, signal);
    }
  }

  /** By another child where one stands still. */
  async *#decode(selection: GStreamerSelection, signal: AbortSignal): TrackPieces {
    for (let triesLeft = STALL_TRIES - 1; ; triesLeft -= 1) {
      try {
        yield* this.#decodeOnce(selection, signal);
        return;
      } catch (thrown) {
        if (!(thrown instanceof StalledDecoder)) throw thrown;
        if (triesLeft === 0 || !this.#source.isReplayable) throw decodeFailed(this.#probe.format.container);
      }
    }
  }

  async *#decodeOnce(selection: GStreamerSelection, signal: AbortSignal): TrackPieces {
    const { format, tracks } = this.#probe;
    const { container } = format;
    const codec = tracks[(selection.track ?? 1) - 1]?.codec ?? format.codec;
    const { gstLaunchCommand = GST_LAUNCH } = this.#options;
    const wasm = wasmDecoderOf(container, codec);
    const child = await startGStreamer(gstLaunchCommand, this.#source, container, selection);
    if (child) {
      try {
        const hasFailed = yield* decodeWithGStreamer(
          { child, source: this.#source, format: { container, codec }, selection },
          signal,
        );
        this.#hasFailed ||= hasFailed;
        return;
      } catch (thrown) {
        // GStreamer without the plug-in: nothing was decoded, but a stream cannot be read again.
        const isMissing = thrown instanceof VoicePrintsError && thrown.code === 'AUDIO_DECODER_MISSING';
        if (!isMissing || !wasm || !this.#source.isReplayable) throw thrown;
      }
    }
    if (!wasm) throw decoderMissing(container, codec);
    if ((selection.track ?? 1) > 1) throw noSuchTrack(selection.track!, 1);
    const channel = selection.channel === undefined ? undefined : selection.channel - 1;
    this.#hasFailed = yield* decodeWithWasm({ ...wasm, channel }, this.#source, container, signal);
  }
}

/** The same pieces, once the first of them is there. Throws what it throws, and disposes it then. */
async function started(pieces: TrackPieces): Promise<TrackPieces> {
  const first = await pieces.next();
  return (async function* () {
    try {
      if (first.done) return;
      yield first.value;
      yield* pieces;
    } finally {
      await pieces.return(undefined);
    }
  })();
}
