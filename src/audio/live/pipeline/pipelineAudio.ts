import type { VoicePrintsError } from '../../../core/errors.js';
import { guarded } from '../../../core/guarded.js';
import { untilAborted } from '../../../stream/abortable.js';
import { PcmUnpacker } from '../../samples/pcm.js';
import type { TimedSamples } from '../liveConnection.js';
import { lost, toolMissing } from '../liveErrors.js';
import { GdpReader } from './gdpReader.js';
import { type LauncherOptions, startPipeline } from './launcher.js';
import type { PipelinePart } from './pipeline.js';

export interface PipelineRun {
  readonly parts: readonly PipelinePart[];
  /** Bytes for the pipeline's standard input; its end is the end of the audio, its failure that of the run. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** What a complaint of GStreamer means for this source; undefined: lost. */
  readonly explain?: (complaint: string) => VoicePrintsError | undefined;
  /** See `PipelineNeeds`. */
  readonly failsEarly?: boolean;
}

/**
 * Audio of a pipeline in a child process that ends with it. Returns at the end of the stream; throws what `input` threw,
 * AUDIO_DECODER_MISSING, the error that `explain` returns, or LIVE_LOST.
 */
export async function* pipelineAudio(
  { parts, input, explain = () => undefined, failsEarly = false }: PipelineRun,
  options: LauncherOptions,
  signal: AbortSignal,
): AsyncGenerator<TimedSamples> {
  await using child = await startPipeline({ parts, readsStdin: input !== undefined, failsEarly }, options);
  let feedFailure: unknown;
  if (input) {
    const failed = (thrown: unknown) => {
      feedFailure = thrown;
      child.kill();
    };
    guarded(failed, () => child.feed(input, signal))();
  }
  const gdp = new GdpReader();
  const unpacker = new PcmUnpacker({ codec: 's16le', sampleRateHz: 16_000, channels: 1 });
  for await (const chunk of untilAborted<Uint8Array>(child.stdout, signal)) {
    for (const { ptsNs, bytes } of gdp.push(chunk)) yield { samples: unpacker.unpack(bytes), ptsNs };
  }
  const status = await child.ended(signal);
  if (feedFailure !== undefined) throw feedFailure;
  const complaint = child.stderr;
  if (status === 0 || /^EOS$/m.test(complaint)) return;
  throw isToolMissing(complaint) ? toolMissing() : (explain(complaint) ?? lost('the connection broke'));
}

/** Texts of gst-launch 1.22, gst_parse_launch, and setpriv in the C locale. A decoder for text is not what is missing. */
const isToolMissing = (complaint: string): boolean =>
  /no element "|No such element|failed to execute|Missing element|Missing decoder: [^\n]*\(audio\//i.test(complaint);
