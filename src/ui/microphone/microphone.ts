import { Refused } from '../client/refused.js';

export interface Microphone {
  readonly sampleRateHz: number;
  close(): void;
}

interface MicrophoneOptions {
  /** Address of the compiled worklet.ts. */
  readonly workletAddress: string;
  /** 100 ms of one channel, 16 bits a sample. */
  onSamples(samples: ArrayBuffer): void;
  /** The device was unplugged, or the permission withdrawn. */
  onLost(): void;
}

/** Browsers lend the microphone to https pages and to localhost only. */
export const isMicrophonePossible = (): boolean =>
  globalThis.isSecureContext === true && navigator.mediaDevices !== undefined;

/** Throws Refused: MICROPHONE_INSECURE, MICROPHONE_DENIED, MICROPHONE_MISSING or MICROPHONE_FAILED. */
export async function openMicrophone({ workletAddress, onSamples, onLost }: MicrophoneOptions): Promise<Microphone> {
  if (!isMicrophonePossible()) throw new Refused(0, 'MICROPHONE_INSECURE', 'open this page over https or as localhost');
  const stream = await navigator.mediaDevices
    // The browser's clean-up is made for telephone calls: it changes voices.
    .getUserMedia({
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    })
    .catch((error: unknown) => {
      throw refusalOf(error as Error);
    });
  const context = new AudioContext();
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    context.close().catch(() => undefined); // closed already
  };
  try {
    await context.audioWorklet.addModule(workletAddress);
    const worklet = new AudioWorkletNode(context, 'voice-prints-microphone', { numberOfOutputs: 0 });
    worklet.port.onmessage = ({ data }) => onSamples(data as ArrayBuffer);
    context.createMediaStreamSource(stream).connect(worklet);
    for (const track of stream.getTracks()) track.addEventListener('ended', onLost);
    await context.resume();
  } catch (error) {
    close();
    throw refusalOf(error as Error);
  }
  return { sampleRateHz: context.sampleRate, close };
}

const CODES: Readonly<Record<string, string>> = {
  NotAllowedError: 'MICROPHONE_DENIED',
  SecurityError: 'MICROPHONE_DENIED',
  NotFoundError: 'MICROPHONE_MISSING',
};

const refusalOf = ({ name, message }: Error): Refused =>
  new Refused(0, CODES[name] ?? 'MICROPHONE_FAILED', message || 'the microphone cannot be used');
