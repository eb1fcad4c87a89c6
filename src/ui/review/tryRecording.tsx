import { useEffect, useRef, useState } from 'preact/hooks';
import type { RememberedTurn } from '../../core/feedback.js';
import type { Identification } from '../../core/identification.js';
import type { IdentifyChoice } from '../client/voicesClient.js';
import { Timeline } from '../drawing/timeline.js';
import { FileDrop } from '../shared/fileDrop.js';
import { useHome } from '../shared/home.js';
import { Problem } from '../shared/problem.js';
import { useTask } from '../shared/useTask.js';
import { segmentTurn } from '../turns/segmentTurn.js';
import { TurnList } from '../turns/turnList.js';
import { drawnSegments } from './drawnSegments.js';
import { ReviewedTurns } from './reviewedTurns.js';
import { TrySpeaking } from './trySpeaking.js';
import { useReview } from './useReview.js';

interface TryRecordingProps {
  /** What a recording is identified with, asked for with each. */
  readonly choice?: () => IdentifyChoice;
}

interface Heard {
  readonly name: string;
  readonly result: Identification;
  /** Of the file, in the memory of the page. */
  readonly address: string;
}

/** Speak, or drop a recording: who speaks when, how sure that is, and why; names can be confirmed and corrected. */
export function TryRecording({ choice = () => ({}) }: TryRecordingProps) {
  const { client, text } = useHome();
  const [heard, setHeard] = useState<Heard | undefined>();
  const { isRunning, refused, run } = useTask();
  useEffect(() => () => (heard === undefined ? undefined : URL.revokeObjectURL(heard.address)), [heard]);
  const identify = (file: File) =>
    run(async () => {
      setHeard(undefined);
      const result = await client.identify(file, choice());
      setHeard({ name: file.name, result, address: URL.createObjectURL(file) });
    });
  return (
    <div class="vp-try">
      <TrySpeaking isDisabled={isRunning} onRecorded={identify} />
      <FileDrop
        hint={text('try.dropHint')}
        isDisabled={isRunning}
        onFiles={([found]) => found !== undefined && identify(found.file)}
      />
      {isRunning && (
        <p role="status">
          {text('try.running')} <progress />
        </p>
      )}
      <Problem refused={refused} />
      {heard && <Result heard={heard} key={heard.address} />}
    </div>
  );
}

function Result({ heard: { name, result, address } }: { readonly heard: Heard }) {
  const { text, mayEnrol } = useHome();
  const player = useRef<HTMLAudioElement>(null);
  const endsAt = useRef(Number.POSITIVE_INFINITY);
  const play = ({ start, end }: RememberedTurn) => {
    if (player.current === null) return;
    endsAt.current = end;
    player.current.currentTime = start;
    void player.current.play().catch(() => undefined); // a format that the browser does not play
  };
  const stopAtEnd = () => {
    if (player.current === null || player.current.currentTime < endsAt.current) return;
    player.current.pause();
    endsAt.current = Number.POSITIVE_INFINITY;
  };
  return (
    <>
      <h3>{name}</h3>
      {result.warnings.map(({ code, message }) => (
        <p key={code} class="vp-hint">
          {message}
        </p>
      ))}
      {/* biome-ignore lint/a11y/useMediaCaption: a recording that was chosen has no captions */}
      <audio controls ref={player} src={address} aria-label={text('enrol.listen')} onTimeUpdate={stopAtEnd} />
      {result.conversationId === undefined || !mayEnrol ? (
        <>
          <Timeline result={result} />
          <TurnList turns={result.segments.map(segmentTurn)} />
        </>
      ) : (
        <Reviewed result={result} conversationId={result.conversationId} onPlay={play} />
      )}
    </>
  );
}

interface ReviewedProps {
  readonly result: Identification;
  readonly conversationId: string;
  onPlay(turn: RememberedTurn): void;
}

/** The turns as they are known now, after what was said of them. */
function Reviewed({ result, conversationId, onPlay }: ReviewedProps) {
  const { value, refused, reload } = useReview({ conversationId, limit: 1_000 });
  const turns = [...(value?.turns ?? [])].sort((a, b) => a.start - b.start);
  const segments = drawnSegments(turns);
  return (
    <>
      <Timeline result={value === undefined ? result : { ...result, segments }} />
      <Problem refused={refused} />
      <ReviewedTurns
        turns={turns}
        history={value?.history ?? []}
        times="recording"
        onPlay={onPlay}
        onChanged={reload}
      />
    </>
  );
}
