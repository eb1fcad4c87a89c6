import { readFile } from 'node:fs/promises';
import type { MicrophoneSource } from '../../../core/liveSource.js';
import { commandOutput } from '../pipeline/commandOutput.js';

/** An input that can be listened to. */
export interface Microphone {
  readonly system: NonNullable<MicrophoneSource['system']>;
  /** What `MicrophoneSource.device` takes. */
  readonly device: string;
  /** For people; names the hardware. */
  readonly label: string;
  /** Whether it is what the machine itself plays. */
  readonly isMonitor: boolean;
}

/** The inputs of PulseAudio (or PipeWire) and of ALSA's cards. Empty where there is no sound at all. */
export async function listMicrophones(): Promise<readonly Microphone[]> {
  const [pulse, alsa] = await Promise.all([pulseInputs(), alsaInputs()]);
  return [...pulse, ...alsa];
}

/** `pactl` prints JSON from version 16 on, and one line an input ever since. */
async function pulseInputs(): Promise<readonly Microphone[]> {
  const text = await commandOutput('pactl', ['list', 'short', 'sources']);
  if (text === undefined) return [];
  const labels = pulseLabels(await commandOutput('pactl', ['--format=json', 'list', 'sources']));
  return text
    .split('\n')
    .map((line) => line.split('\t')[1])
    .filter((name) => name !== undefined)
    .map((device) => ({
      system: 'pulse',
      device,
      label: labels.get(device) ?? device,
      isMonitor: device.endsWith('.monitor'),
    }));
}

function pulseLabels(json: string | undefined): ReadonlyMap<string, string> {
  try {
    const sources = JSON.parse(json ?? '[]') as readonly { readonly name: string; readonly description: string }[];
    return new Map(sources.map(({ name, description }) => [name, description]));
  } catch {
    return new Map(); // an older pactl, or a description in an odd encoding: names will do
  }
}

/** A line of the kernel a device: `00-00: ALC269 Analog : ALC269 Analog : playback 1 : capture 1`. */
async function alsaInputs(): Promise<readonly Microphone[]> {
  const text = await readFile('/proc/asound/pcm', 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [, card, device, label = ''] = /^(\d+)-(\d+): ([^:]*):.*capture/.exec(line) ?? [];
    if (card === undefined) return [];
    const name = `plughw:${Number(card)},${Number(device)}`;
    return [{ system: 'alsa', device: name, label: label.trim(), isMonitor: false }];
  });
}
