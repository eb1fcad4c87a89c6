import { canDecode } from '../../audio/decoding/wasmDecoder.js';
import { type HealthCheck, noted, passed } from './healthCheck.js';

/** Formats that need no GStreamer, with the library that decodes them. */
const FORMATS = [
  { name: 'FLAC', container: 'flac', codec: 'flac' },
  { name: 'MP3', container: 'mp3', codec: 'mp3' },
  { name: 'Ogg Opus', container: 'ogg', codec: 'opus' },
] as const;

/** Whether the decoders in the package start. */
export async function decoderCheck(): Promise<HealthCheck> {
  const working: string[] = ['WAV'];
  const failing: string[] = [];
  for (const { name, container, codec } of FORMATS) {
    const list = (await canDecode(container, codec)) ? working : failing;
    list.push(name);
  }
  const found = working.join(', ');
  if (failing.length === 0) return passed('decoders', found);
  return noted('decoders', `${found}; ${failing.join(', ')} only with GStreamer`, 'install this package again');
}
