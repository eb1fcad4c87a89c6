import { liveTools } from '../../audio/live/liveTools.js';
import { loadLevel } from '../../jobs/level/loadLevel.js';
import { decoderCheck } from './decoderCheck.js';
import { failed, type HealthCheck, noted, passed } from './healthCheck.js';

/** What lies outside the models: decoders, GStreamer, LevelDB. Starts short child processes; never rejects. */
export async function systemChecks(): Promise<readonly HealthCheck[]> {
  return [await decoderCheck(), await gstreamerCheck(), await jobsCheck()];
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
