import { useEffect, useRef, useState } from 'preact/hooks';
import { isMicrophonePossible } from '../microphone/microphone.js';
import { decimal } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { LevelMeter } from '../shared/levelMeter.js';
import { Problem } from '../shared/problem.js';
import type { TextKey } from '../texts/catalogue.js';
import { type RecordingState, useRecording } from './useRecording.js';

/** A voiceprint is complete from here on; as COMPLETE_SPEECH_MS of the engine. */
const COMPLETE_SECONDS = 12;

interface RecorderProps {
  /** Whom more is recorded of: sounding like them is no warning. */
  readonly speakerId: string | undefined;
  readonly isSaving: boolean;
  onSave(wav: Blob): void;
}

/** Records a voice in place: level, text to read, seconds towards a complete voiceprint, and what the gate would refuse. */
export function Recorder({ speakerId, isSaving, onSave }: RecorderProps) {
  const { text, language } = useHome();
  const { state, start, stop, discard } = useRecording();
  const { phase, wav, speechSeconds } = state;
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // On a telephone the meter and the text to read fill the screen: what was filled in before gives way.
    if (phase === 'recording') element.current?.scrollIntoView({ block: 'start' });
  }, [phase]);
  if (!isMicrophonePossible()) return <p class="vp-hint">{text('microphone.insecure')}</p>;
  return (
    <div class="vp-recorder" data-phase={phase} ref={element}>
      <div class="vp-actions">
        {phase === 'recording' ? (
          <button type="button" class="vp-main" onClick={stop}>
            ■ {text('enrol.stop')}
          </button>
        ) : (
          <button
            type="button"
            class={phase === 'recorded' ? '' : 'vp-main'}
            disabled={phase === 'opening' || isSaving}
            onClick={start}
          >
            ● {text(phase === 'recorded' ? 'enrol.again' : 'enrol.record')}
          </button>
        )}
        {phase === 'recorded' && wav && (
          <>
            <button type="button" class="vp-main" disabled={isSaving} onClick={() => onSave(wav)}>
              {text(isSaving ? 'enrol.saving' : 'enrol.save')}
            </button>
            <button type="button" disabled={isSaving} onClick={discard}>
              {text('enrol.discard')}
            </button>
          </>
        )}
      </div>
      {phase === 'recording' && <LevelMeter loudnessDb={state.loudnessDb} />}
      {(phase === 'recording' || phase === 'recorded') && (
        <label class="vp-progress">
          <span>{text('enrol.speechOf', { seconds: decimal(speechSeconds, language), needed: COMPLETE_SECONDS })}</span>
          <progress max={COMPLETE_SECONDS} value={Math.min(COMPLETE_SECONDS, speechSeconds)} />
        </label>
      )}
      <p class="vp-live-hint" role="status">
        {hintsOf(state, speakerId).map(([key, values]) => (
          <span key={key}>{text(key, values)} </span>
        ))}
      </p>
      {phase !== 'recorded' && (
        <blockquote class="vp-read">
          <p class="vp-hint">{text('enrol.readAloud')}</p>
          <p>{text('enrol.readText')}</p>
        </blockquote>
      )}
      {phase === 'recorded' && wav && <Playback audio={wav} />}
      <Problem refused={state.refused} />
    </div>
  );
}

type Hint = readonly [key: TextKey, values?: Readonly<Record<string, string>>];

/** What to do better, most important first. */
function hintsOf(state: RecordingState, speakerId: string | undefined): readonly Hint[] {
  if (state.phase !== 'recording' && state.phase !== 'recorded') return [];
  const hints: Hint[] = [];
  if (state.isTooQuiet) hints.push(['hint.tooQuiet']);
  if (state.isClipped) hints.push(['hint.clipped']);
  if (state.hasSecondVoice) hints.push(['hint.secondVoice']);
  if (state.soundsLike && state.soundsLike.speakerId !== speakerId)
    hints.push(['hint.soundsLike', { name: state.soundsLike.name }]);
  if (hints.length > 0) return hints;
  if (state.speechSeconds >= COMPLETE_SECONDS) return [['hint.enough']];
  return state.phase === 'recording' ? [['hint.goOn']] : [['hint.more']];
}

function Playback({ audio }: { readonly audio: Blob }) {
  const { text } = useHome();
  const [address, setAddress] = useState<string | undefined>();
  useEffect(() => {
    const made = URL.createObjectURL(audio);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [audio]);
  // biome-ignore lint/a11y/useMediaCaption: a recording that was made just now has no captions
  return address === undefined ? null : <audio controls src={address} aria-label={text('enrol.listen')} />;
}
