import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { DecoderChild } from '../../decoding/decoderChild.js';
import { GST_LAUNCH } from '../../decoding/gstreamer.js';
import { toolMissing } from '../liveErrors.js';
import { findCommand } from './findCommand.js';
import { type PipelinePart, pipelineTokens } from './pipeline.js';
import { PIPELINE_VARIABLE, WATCH_VARIABLE } from './superficialEnvironment.js';

/** How pipelines are run. */
export type Launcher = 'gstreamer-superficial' | 'gst-launch';

export interface LauncherOptions {
  /** By default the addon where it is built, else the command. */
  readonly launcher?: Launcher;
  /** Name or path of GStreamer's command. */
  readonly gstLaunchCommand?: string;
}

const run = promisify(execFile);
/** Loading takes a tenth of a second; a machine that is too busy for this does without. */
const TRY_MS = 20_000;
/** Messages are recognised by their text. */
const WORDS = { LC_ALL: 'C' };
/** Where the sound server is. */
const SOUND_SERVER = /^(PULSE_.*|PIPEWIRE_.*|DBUS_SESSION_BUS_ADDRESS|ALSA_.*)$/;

let superficial: Promise<boolean> | undefined;

/**
 * Whether the addon can be used: built, and for this very Node.js (another major release refuses it). Tried once, in a
 * separate process, where it belongs.
 */
export function isSuperficialUsable(): Promise<boolean> {
  superficial ??= tryAddon();
  return superficial;
}

async function tryAddon(): Promise<boolean> {
  try {
    const addon = createRequire(import.meta.url).resolve('gstreamer-superficial');
    await run(process.execPath, ['-e', `require(${JSON.stringify(addon)})`], { timeout: TRY_MS });
    return true;
  } catch {
    return false; // not installed, not built, or built for another Node.js
  }
}

/** A pipeline to run, and what it needs of a launcher. */
export interface PipelineNeeds {
  readonly parts: readonly PipelinePart[];
  /** Whether it reads standard input: then `feed` the child. */
  readonly readsStdin: boolean;
  /**
   * Whether its source fails before the pipeline runs (a microphone that is not there, a port in use). The addon hears
   * nothing of such a failure, so the command is taken where there is one.
   */
  readonly failsEarly?: boolean;
}

/**
 * Starts a pipeline in a separate process. Its arguments hold no secret by construction: what needs a password
 * is fetched by this process (HTTP), or requested through a relay that knows it (RTSP). Throws AUDIO_DECODER_MISSING.
 */
export async function startPipeline(needs: PipelineNeeds, options: LauncherOptions): Promise<DecoderChild> {
  const tokens = pipelineTokens(needs.parts);
  const command = findCommand(options.gstLaunchCommand ?? GST_LAUNCH);
  const child =
    (await chosen(needs, options, command)) === 'gst-launch'
      ? command && (await startCommand(command, tokens))
      : await startHost(tokens, needs.readsStdin);
  if (!child) throw toolMissing();
  return child;
}

async function chosen(
  { failsEarly = false }: PipelineNeeds,
  { launcher }: LauncherOptions,
  command: string | undefined,
): Promise<Launcher> {
  if (launcher) return launcher;
  return !(failsEarly && command) && (await isSuperficialUsable()) ? 'gstreamer-superficial' : 'gst-launch';
}

function environment(): Record<string, string> {
  const sound = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && SOUND_SERVER.test(entry[0]),
  );
  return { ...WORDS, ...Object.fromEntries(sound) };
}

/** Linux ends the child with us, even where we are killed; elsewhere a closed pipe must do. */
function startCommand(command: string, tokens: readonly string[]) {
  const guard = process.platform === 'linux' ? findCommand('setpriv') : undefined;
  const parameters = ['-q', ...tokens];
  return guard
    ? DecoderChild.start(guard, ['--pdeathsig', 'KILL', '--', command, ...parameters], environment(), undefined)
    : DecoderChild.start(command, parameters, environment(), undefined);
}

function startHost(tokens: readonly string[], readsStdin: boolean) {
  const host = createRequire(import.meta.url).resolve('#superficial-host'); // the compiled one, for tests, too
  const variables = { [PIPELINE_VARIABLE]: tokens.join(' '), ...(readsStdin ? {} : { [WATCH_VARIABLE]: '1' }) };
  return DecoderChild.start(
    process.execPath,
    ['--max-old-space-size=64', host],
    { ...environment(), ...variables },
    undefined,
  );
}
