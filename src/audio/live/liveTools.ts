import { GST_LAUNCH } from '../decoding/gstreamer.js';
import { commandOutput } from './pipeline/commandOutput.js';
import { findCommand } from './pipeline/findCommand.js';
import { isSuperficialUsable, type Launcher } from './pipeline/launcher.js';

/** A Debian package that something needs. */
export interface MissingTool {
  readonly debianPackage: string;
  /** What does not work without it. */
  readonly neededFor: string;
}

/** What live sources find on this machine. Files and audio that is pushed in need none of it. */
export interface LiveTools {
  /** What runs GStreamer's pipelines; undefined where nothing can. */
  readonly launcher: Launcher | undefined;
  readonly missing: readonly MissingTool[];
  /** The command that installs what is missing; undefined where nothing is. */
  readonly command: string | undefined;
  /** What was found, and the one command that installs what is missing. For a dialog. */
  readonly advice: string;
}

/** The same in Alpine's packages, whose names stand for several of Debian's. */
const ALPINE: Readonly<Record<string, string>> = {
  'gstreamer1.0-tools': 'gstreamer-tools',
  'gstreamer1.0-plugins-base': 'gst-plugins-base',
  'gstreamer1.0-plugins-good': 'gst-plugins-good',
  'gstreamer1.0-plugins-bad': 'gst-plugins-bad',
  'gstreamer1.0-libav': 'gst-libav',
  'gstreamer1.0-pulseaudio': 'gst-plugins-good',
  'gstreamer1.0-alsa': 'gst-plugins-base',
};

/** Each package with an element that proves it. */
const PACKAGES: readonly (MissingTool & { readonly element: string })[] = [
  { debianPackage: 'gstreamer1.0-plugins-base', element: 'audioresample', neededFor: 'every network source' },
  { debianPackage: 'gstreamer1.0-plugins-good', element: 'rtspsrc', neededFor: 'RTSP, RTP and web radio' },
  { debianPackage: 'gstreamer1.0-plugins-bad', element: 'audiobuffersplit', neededFor: 'every network source' },
  { debianPackage: 'gstreamer1.0-libav', element: 'avdec_aac', neededFor: 'AAC and G.722' },
  {
    debianPackage: 'gstreamer1.0-pulseaudio',
    element: 'pulsesrc',
    neededFor: 'microphones of PulseAudio and PipeWire',
  },
  { debianPackage: 'gstreamer1.0-alsa', element: 'alsasrc', neededFor: 'microphones of ALSA' },
];

/** Searches again, so that tools installed meanwhile are found. */
export async function liveTools(): Promise<LiveTools> {
  const hasCommand = findCommand(GST_LAUNCH) !== undefined;
  const launcher = (await isSuperficialUsable()) ? 'gstreamer-superficial' : hasCommand ? 'gst-launch' : undefined;
  const missing = await missingTools(hasCommand);
  const command = missing.length === 0 ? undefined : installCommand(missing);
  return { launcher, missing, command, advice: adviceOf(launcher, missing, command) };
}

/** For Debian's and Alpine's package managers; elsewhere the packages have other names. */
function installCommand(missing: readonly MissingTool[]): string {
  const names = missing.map(({ debianPackage }) => debianPackage);
  if (findCommand('apk') === undefined) return `apt-get install ${names.join(' ')}`;
  return `apk add ${[...new Set(names.map((name) => ALPINE[name] ?? name))].join(' ')}`;
}

async function missingTools(hasCommand: boolean): Promise<readonly MissingTool[]> {
  const tools = { debianPackage: 'gstreamer1.0-tools', neededFor: 'every network source and microphone' };
  if (!hasCommand) return [tools, ...PACKAGES.map(({ debianPackage, neededFor }) => ({ debianPackage, neededFor }))];
  const found = await Promise.all(
    PACKAGES.map(({ element }) => commandOutput('gst-inspect-1.0', ['--exists', element])),
  );
  return PACKAGES.filter((_, i) => found[i] === undefined).map(({ debianPackage, neededFor }) => ({
    debianPackage,
    neededFor,
  }));
}

function adviceOf(
  launcher: Launcher | undefined,
  missing: readonly MissingTool[],
  command: string | undefined,
): string {
  const found = launcher === undefined ? 'GStreamer was not found' : `GStreamer is run by ${launcher}`;
  if (command === undefined) return `${found}; every kind of source works`;
  const purposes = [...new Set(missing.map(({ neededFor }) => neededFor))].join('; ');
  const system = command.startsWith('apk') ? '' : 'on Debian ';
  return `${found}; missing for ${purposes}: ${system}run "${command}"`;
}
