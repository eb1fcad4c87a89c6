import { useEffect, useRef, useState } from 'preact/hooks';
import type { EnrollResult, SpeakerSummary } from '../../core/identification.js';
import { isMicrophonePossible } from '../microphone/microphone.js';
import { decimal } from '../shared/format.js';
import { useSurroundings } from '../shared/home.js';
import { LevelMeter } from '../shared/levelMeter.js';
import { Problem, reasonText } from '../shared/problem.js';
import type { TextKey, TextsOf } from '../texts/catalogue.js';
import { type RecordingState, useRecording } from './useRecording.js';

/** A voiceprint is complete from here on; as COMPLETE_SPEECH_MS of the engine. */
const COMPLETE_SECONDS = 12;

interface RecorderProps {
  /** What the gate says of a recording that still goes on, where it can be asked; a function that stays the same. */
  readonly onTry?: (wav: Blob) => Promise<EnrollResult>;
  /** Recording ends by itself after these. */
  readonly mostSeconds?: number;
  /** Who is enrolled, so that hints can name them. */
  readonly people: readonly SpeakerSummary[];
  readonly isSaving: boolean;
  /** The voiceprint is complete: more is possible, but nothing that anybody is asked for. */
  readonly isEnough: boolean;
  onSave(wav: Blob): void;
}

/** Records a voice in place: level, text to read, seconds towards a complete voiceprint, and what the gate would refuse. */
export function Recorder({ onTry, mostSeconds, people, isSaving, isEnough, onSave }: RecorderProps) {
  const { text, language } = useSurroundings();
  const { state, start, stop, discard } = useRecording({ onTry, mostSeconds });
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
            class={phase === 'recorded' || isEnough ? '' : 'vp-main'}
            disabled={phase === 'opening' || isSaving}
            onClick={start}
          >
            ● {text(labelOf(phase, isEnough))}
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
        {hintsOf(state, people, text).map((hint) => (
          <span key={hint}>{hint} </span>
        ))}
      </p>
      {phase !== 'recorded' && !(phase === 'idle' && isEnough) && (
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

function labelOf(phase: RecordingState['phase'], isEnough: boolean): TextKey {
  if (phase === 'recorded') return 'enrol.again';
  return isEnough ? 'people.addSamples' : 'enrol.record';
}

/** What to do better, most important first. */
function hintsOf(state: RecordingState, people: readonly SpeakerSummary[], text: TextsOf): readonly string[] {
  if (state.phase !== 'recording' && state.phase !== 'recorded') return [];
  const hints: string[] = [];
  if (state.isTooQuiet) hints.push(text('hint.tooQuiet'));
  if (state.isClipped) hints.push(text('hint.clipped'));
  for (const objection of state.objections) {
    const { code, speakerId } = objection;
    const other = people.find((one) => one.speakerId === speakerId);
    if (code === 'TOO_QUIET' || code === 'CLIPPED')
      continue; // as it sounds now, above
    else if (code === 'SECOND_VOICE') hints.push(text('hint.secondVoice'));
    else if (other) hints.push(text('hint.soundsLike', { name: other.name }));
    else hints.push(reasonText(objection, text));
  }
  if (hints.length > 0) return hints;
  if (state.speechSeconds >= COMPLETE_SECONDS) return [text('hint.enough')];
  return [text(state.phase === 'recording' ? 'hint.goOn' : 'hint.more')];
}

function Playback({ audio }: { readonly audio: Blob }) {
  const { text } = useSurroundings();
  const [address, setAddress] = useState<string | undefined>();
  useEffect(() => {
    const made = URL.createObjectURL(audio);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [audio]);
  // biome-ignore lint/a11y/useMediaCaption: a recording that was made just now has no captions
  return address === undefined ? null : <audio controls src={address} aria-label={text('enrol.listen')} />;
}
