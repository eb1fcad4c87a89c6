import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Refused, refusedOf } from '../client/refused.js';
import type { LiveStream, StreamOptions, StreamStatus } from '../client/voicesClient.js';
import { type Microphone, openMicrophone } from '../microphone/microphone.js';
import { soundLevelOf } from '../microphone/soundLevel.js';
import { useHome } from '../shared/home.js';
import { afterEvent, SILENT } from './liveTurns.js';

export type ListeningPhase = 'idle' | 'opening' | 'listening' | 'retrying' | 'ending';

/** The microphone of this browser, named by the server while it speaks. */
export function useListening() {
  const { client, workletAddress } = useHome();
  const [live, setLive] = useState(SILENT);
  const [phase, setPhase] = useState<ListeningPhase>('idle');
  const [loudnessDb, setLoudnessDb] = useState(-100);
  const [refused, setRefused] = useState<Refused | undefined>();
  const running = useRef<{ microphone: Microphone; stream: LiveStream } | undefined>(undefined);
  const turn = useRef(0);

  const finish = useCallback((why?: Refused) => {
    running.current?.microphone.close();
    running.current = undefined;
    setPhase('idle');
    setLoudnessDb(-100);
    setLive((before) => ({ ...before, now: undefined }));
    setRefused(why);
  }, []);

  const start = useCallback(
    (openStream: (options: StreamOptions) => LiveStream, site: string) => {
      turn.current += 1;
      const mine = turn.current;
      const isMine = () => mine === turn.current;
      setPhase('opening');
      setRefused(undefined);
      setLive(SILENT);
      const follow = (status: StreamStatus) => {
        if (!isMine()) return;
        if (status.state === 'open') setPhase((now) => (now === 'ending' ? now : 'listening'));
        else if (status.state === 'retrying') setPhase((now) => (now === 'ending' ? now : 'retrying'));
        else if (status.state === 'ended') finish();
        else if (status.state === 'failed') finish(new Refused(0, 'FAILED', status.message));
      };
      const take = (samples: ArrayBuffer) => {
        if (!isMine() || running.current === undefined) return;
        setLoudnessDb(soundLevelOf(new Int16Array(samples)).loudnessDb);
        running.current.stream.push(samples);
      };
      const onLost = () => running.current?.stream.end();
      openMicrophone({ workletAddress, onSamples: take, onLost }).then(
        (microphone) => {
          if (!isMine()) return microphone.close();
          const stream = openStream({
            sampleRateHz: microphone.sampleRateHz,
            site,
            onEvent: (event) => isMine() && setLive((before) => afterEvent(before, event)),
            onStatus: follow,
          });
          running.current = { microphone, stream };
        },
        (thrown: unknown) => isMine() && finish(refusedOf(thrown)),
      );
    },
    [workletAddress, finish],
  );

  const stop = useCallback(() => {
    if (running.current === undefined) return;
    running.current.microphone.close();
    setPhase('ending');
    setLoudnessDb(-100);
    running.current.stream.end();
  }, []);

  // Neither the microphone nor the stream outlives the view.
  useEffect(
    () => () => {
      turn.current += 1;
      running.current?.microphone.close();
      running.current?.stream.close();
      running.current = undefined;
    },
    [],
  );

  const stream = useCallback(() => running.current?.stream, []);
  return { live, phase, loudnessDb, refused, start: client.openStream && start, stop, stream };
}
