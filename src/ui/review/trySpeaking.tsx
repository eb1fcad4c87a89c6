import { useEffect } from 'preact/hooks';
import { useRecording } from '../enrol/useRecording.js';
import { isMicrophonePossible } from '../microphone/microphone.js';
import { useHome } from '../shared/home.js';
import { LevelMeter } from '../shared/levelMeter.js';
import { Problem } from '../shared/problem.js';

interface TrySpeakingProps {
  readonly isDisabled: boolean;
  onRecorded(file: File): void;
}

/** Records some words at the browser's microphone, as a recording to try. */
export function TrySpeaking({ isDisabled, onRecorded }: TrySpeakingProps) {
  const { text } = useHome();
  const { state, start, stop, discard } = useRecording();
  const { phase, wav, loudnessDb, refused } = state;
  useEffect(() => {
    if (wav === undefined) return;
    discard();
    onRecorded(new File([wav], text('try.spoken'), { type: wav.type }));
  }, [wav, discard, onRecorded, text]);
  if (!isMicrophonePossible()) return <p class="vp-hint">{text('microphone.insecure')}</p>;
  const isRecording = phase === 'recording';
  return (
    <>
      <div class="vp-actions">
        <button
          type="button"
          class="vp-main"
          disabled={isDisabled || phase === 'opening'}
          onClick={isRecording ? stop : start}
        >
          {isRecording ? `■ ${text('enrol.stop')}` : `● ${text('try.speak')}`}
        </button>
      </div>
      {isRecording && <LevelMeter loudnessDb={loudnessDb} />}
      {isRecording && (
        <p class="vp-hint" role="status">
          {text('try.speaking')}
        </p>
      )}
      <Problem refused={refused} />
    </>
  );
}
