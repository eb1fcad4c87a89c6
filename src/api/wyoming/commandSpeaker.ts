import { VoicePrintsError } from '../../core/errors.js';
import type { Decision, FalseAcceptPercent, IdentifiedSegment } from '../../core/identification.js';
import { present } from '../../core/present.js';
import type { RawFormat } from '../../core/recording.js';
import type { Engine } from '../../engine/engine.js';

/** Audio of a command that is compared: two minutes at 16 kHz. What follows adds nothing to who it is. */
const MOST_BYTES = 4 * 2 ** 20;

/** Who spoke a command. */
export interface CommandSpeaker {
  /** `none`: no speech, or too little of it to compare. */
  readonly decision: Decision | 'none';
  /** Null unless `decision` is `identified`. */
  readonly speakerId: string | null;
  readonly name: string | null;
  /** Calibrated probability that the best candidate is right, 0..1. */
  readonly score: number;
  /** Its speech: from its first to its last segment; absent for `none`. */
  readonly turn?: IdentifiedSegment;
}

export interface CommandSpeakerOptions {
  /** Called once, as soon as it is known. */
  readonly onKnown?: ((speaker: CommandSpeaker) => void) | undefined;
  readonly engine: Engine;
  readonly tenantId: string;
  readonly format: RawFormat;
  /** Only these may be named; everybody where undefined. */
  readonly speakerIds?: readonly string[] | undefined;
  /** The engine's own by default. */
  readonly falseAcceptPercent?: FalseAcceptPercent | undefined;
}

const NOBODY: CommandSpeaker = { decision: 'none', speakerId: null, name: null, score: 0 };

/**
 * Keeps the audio of one command, and says whose it is at its end. A command is short and mostly one person's: it is compared as
 * a chunk of a stream is, without the segmentation model, which leaves too little of so little speech (BENCHMARKS.md).
 */
export class SpeakerOfCommand implements Disposable {
  readonly #options: CommandSpeakerOptions;
  readonly #given = new AbortController();
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #speaker: Promise<CommandSpeaker> | undefined;

  constructor(options: CommandSpeakerOptions) {
    this.#options = options;
  }

  /** More audio, cut anywhere. Copied; ignored after `end`. */
  push(bytes: Uint8Array): void {
    if (this.#speaker || this.#bytes >= MOST_BYTES) return;
    this.#chunks.push(bytes.slice());
    this.#bytes += bytes.length;
  }

  /** The command has ended: who spoke it. The same promise each time; rejects with what the engine throws. */
  end(): Promise<CommandSpeaker> {
    this.#speaker ??= this.#identify(Buffer.concat(this.#chunks.splice(0))).then((speaker) => {
      this.#options.onKnown?.(speaker);
      return speaker;
    });
    this.#speaker.catch(() => undefined); // whoever waits for it sees it; a command may be given up before
    return this.#speaker;
  }

  [Symbol.dispose](): void {
    this.#chunks.length = 0;
    this.#given.abort();
  }

  async #identify(bytes: Uint8Array): Promise<CommandSpeaker> {
    const { engine, tenantId, format, speakerIds, falseAcceptPercent } = this.#options;
    if (bytes.length === 0) return NOBODY;
    try {
      const session = engine.identifyChunks({ tenantId, ...present({ speakerIds, falseAcceptPercent }) });
      const source = { kind: 'bytes', bytes, rawFormat: format } as const;
      const { segments } = await session.identify({ source }, { signal: this.#given.signal });
      return speakerOf(segments);
    } catch (thrown) {
      const isSilence = thrown instanceof VoicePrintsError && NO_VOICE.includes(thrown.code);
      if (isSilence) return NOBODY;
      throw thrown;
    }
  }
}

/** The voice with most speech. */
function speakerOf(segments: readonly IdentifiedSegment[]): CommandSpeaker {
  const seconds = new Map<string | null, number>();
  const voiceOf = ({ speakerId, cluster }: IdentifiedSegment) => cluster ?? speakerId;
  for (const one of segments) seconds.set(voiceOf(one), (seconds.get(voiceOf(one)) ?? 0) + one.end - one.start);
  const [most] = [...segments].sort((a, b) => seconds.get(voiceOf(b))! - seconds.get(voiceOf(a))!);
  if (!most) return NOBODY;
  const own = segments.filter((one) => voiceOf(one) === voiceOf(most));
  const turn = {
    ...most,
    start: Math.min(...own.map(({ start }) => start)),
    end: Math.max(...own.map(({ end }) => end)),
  };
  const { decision, score, speakerId, name } = most; // the same for all segments of a voice
  return decision === 'identified'
    ? { decision, speakerId, name, score, turn }
    : { decision, speakerId: null, name: null, score, turn };
}

const NO_VOICE: readonly string[] = ['AUDIO_EMPTY', 'AUDIO_SILENT', 'AUDIO_NO_SPEECH', 'AUDIO_TOO_SHORT'];
