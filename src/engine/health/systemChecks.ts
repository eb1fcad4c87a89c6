import { resolveInstalled, wasmDecoderOf } from '../../audio/decoding/wasmDecoder.js';
import { liveTools } from '../../audio/live/liveTools.js';
import { loadLevel } from '../../jobs/sealedLevel.js';
import { failed, type HealthCheck, noted, passed } from './healthCheck.js';

/** Formats that need no GStreamer, with what decodes them. */
const DECODERS = [
  { name: 'FLAC', container: 'flac', codec: 'flac' },
  { name: 'MP3', container: 'mp3', codec: 'mp3' },
  { name: 'Ogg Opus', container: 'ogg', codec: 'opus' },
] as const;

/** What lies outside the models: decoders, GStreamer, LevelDB. Starts short child processes; never rejects. */
export async function systemChecks(): Promise<readonly HealthCheck[]> {
  return [decoderCheck(), await gstreamerCheck(), await jobsCheck()];
}

function decoderCheck(): HealthCheck {
  const isThere = ({ container, codec }: (typeof DECODERS)[number]) =>
    wasmDecoderOf(container, codec, resolveInstalled) !== undefined;
  const names = (isWanted: boolean) => DECODERS.filter((one) => isThere(one) === isWanted).map(({ name }) => name);
  const found = ['WAV', ...names(true)].join(', ');
  const missing = names(false);
  if (missing.length === 0) return passed('decoders', found);
  return noted(
    'decoders',
    `${found}; ${missing.join(', ')} only with GStreamer`,
    'install this package again, with its optional packages',
  );
}

async function gstreamerCheck(): Promise<HealthCheck> {
  const { launcher, missing, command } = await liveTools();
  if (command === undefined) return passed('gstreamer', `run by ${launcher}; all elements`);
  const purposes = [...new Set(missing.map(({ neededFor }) => neededFor))].join('; ');
  const found = launcher === undefined ? 'not found' : `run by ${launcher}, incomplete`;
  return noted('gstreamer', `${found}; needed for other formats and: ${purposes}`, `run: ${command}`);
}

async function jobsCheck(): Promise<HealthCheck> {
  try {
    await loadLevel();
    return passed('jobs', 'LevelDB can be loaded');
  } catch (thrown) {
    return failed('jobs', thrown);
  }
}
