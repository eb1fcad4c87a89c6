import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { EnrollResult, SampleReason } from '../../core/identification.js';
import { type Refused, refusedOf } from '../client/refused.js';
import { type Microphone, openMicrophone } from '../microphone/microphone.js';
import { SpeechEstimate, soundLevelOf } from '../microphone/soundLevel.js';
import { wavOf } from '../microphone/wav.js';
import { useSurroundings } from '../shared/home.js';
import { objectionsOf } from './objections.js';

export interface RecordingState {
  readonly phase: 'idle' | 'opening' | 'recording' | 'recorded';
  readonly refused: Refused | undefined;
  readonly loudnessDb: number;
  readonly seconds: number;
  readonly speechSeconds: number;
  readonly isTooQuiet: boolean;
  readonly isClipped: boolean;
  /** What the gate has against what was recorded so far. */
  readonly objections: readonly SampleReason[];
  readonly wav: Blob | undefined;
}

const IDLE: RecordingState = {
  phase: 'idle',
  refused: undefined,
  loudnessDb: -100,
  seconds: 0,
  speechSeconds: 0,
  isTooQuiet: false,
  isClipped: false,
  objections: [],
  wav: undefined,
};

/** The server is asked about what was recorded so far at these seconds. */
const CHECKED_AT_SECONDS: readonly number[] = [5, 10, 15, 25];
/** Recording ends by itself: no enrolment needs more, and a forgotten microphone should not stay open. */
const MOST_SECONDS = 120;

interface RecordingOptions {
  /** What the gate says of a recording, without storing anything. */
  readonly onTry?: ((wav: Blob) => Promise<EnrollResult>) | undefined;
  readonly mostSeconds?: number | undefined;
}

interface Running {
  readonly microphone: Microphone;
  readonly blocks: ArrayBuffer[];
}

/** Records what the browser's microphone hears; with `onTry` there is feedback while somebody speaks on what the gate will say of it. */
export function useRecording({ onTry, mostSeconds = MOST_SECONDS }: RecordingOptions = {}) {
  const { workletAddress } = useSurroundings();
  const [state, setState] = useState(IDLE);
  const running = useRef<Running | undefined>(undefined);
  /** Counts recordings: what belongs to an earlier one is dropped. */
  const turn = useRef(0);

  const stop = useCallback(() => {
    const { microphone, blocks } = running.current ?? {};
    running.current = undefined;
    microphone?.close();
    if (microphone === undefined || blocks === undefined) return;
    const wav = wavOf(blocks, microphone.sampleRateHz);
    setState((before) => ({ ...before, phase: 'recorded', loudnessDb: -100, wav }));
  }, []);

  const start = useCallback(() => {
    turn.current += 1;
    const mine = turn.current;
    const isMine = () => mine === turn.current;
    const estimate = new SpeechEstimate();
    const blocks: ArrayBuffer[] = [];
    setState({ ...IDLE, phase: 'opening' });
    const check = (sampleRateHz: number) => {
      const judged = (result: EnrollResult) => {
        if (isMine()) setState((before) => ({ ...before, objections: objectionsOf(result) }));
      };
      // Only a hint: it is decided when the recording is saved.
      onTry?.(wavOf(blocks, sampleRateHz)).then(judged, () => undefined);
    };
    const take = (samples: ArrayBuffer) => {
      if (!isMine() || running.current === undefined) return;
      blocks.push(samples);
      const level = soundLevelOf(new Int16Array(samples));
      estimate.add(level);
      const { seconds, speechSeconds, isTooQuiet, isClipped } = estimate;
      const { loudnessDb } = level;
      setState((before) => ({ ...before, loudnessDb, seconds, speechSeconds, isTooQuiet, isClipped }));
      if (CHECKED_AT_SECONDS.includes(seconds)) check(running.current.microphone.sampleRateHz);
      if (seconds >= mostSeconds) stop();
    };
    openMicrophone({ workletAddress, onSamples: take, onLost: stop }).then(
      (microphone) => {
        if (!isMine()) return microphone.close();
        running.current = { microphone, blocks };
        setState((before) => ({ ...before, phase: 'recording' }));
      },
      (thrown: unknown) => isMine() && setState({ ...IDLE, refused: refusedOf(thrown) }),
    );
  }, [onTry, mostSeconds, workletAddress, stop]);

  const discard = useCallback(() => {
    turn.current += 1;
    running.current?.microphone.close();
    running.current = undefined;
    setState(IDLE);
  }, []);

  // The microphone is never left open.
  useEffect(() => discard, [discard]);
  return { state, start, stop, discard };
}
