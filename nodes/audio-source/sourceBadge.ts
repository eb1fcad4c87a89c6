import type { Node, NodeAPI } from 'node-red';
import type { StreamState } from '../../src/live.js';
import { badge, failureBadge, SHARED_TEXTS } from '../shared/badge.js';

/** How long lost audio is shown before the badge shows the stream again. */
const DROPPED_SHOWN_MS = 10_000;

export interface SourceBadge {
  show(state: StreamState): void;
  /** A complete text, where a stream's state is less informative. */
  words(fill: 'green' | 'yellow' | 'grey', shape: 'dot' | 'ring', text: string): void;
  dropped(seconds: number): void;
}

/** The badge of a live source: what became of it last, and that audio was lost. */
export function sourceBadge(RED: NodeAPI, node: Node): SourceBadge {
  let shown = badge('grey', 'ring', RED._('audio-source.status.stopped'));
  let droppedSeconds = 0;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const draw = (): void => {
    if (isClosed) return;
    const seconds = droppedSeconds.toFixed(1);
    const lost = badge('yellow', 'ring', RED._('audio-source.status.dropped', { seconds }));
    node.status(timer ? lost : shown);
  };
  node.on('close', () => {
    isClosed = true;
    clearTimeout(timer);
  });
  return {
    show: (state) => {
      shown = stateBadge(RED, state);
      draw();
    },
    words: (fill, shape, text) => {
      shown = badge(fill, shape, text);
      draw();
    },
    dropped: (seconds) => {
      droppedSeconds += seconds;
      clearTimeout(timer);
      timer = setTimeout(() => {
        timer = undefined;
        droppedSeconds = 0;
        draw();
      }, DROPPED_SHOWN_MS);
      draw();
    },
  };
}

/** Yellow ring on the way, green dot while audio comes, red where it does not. */
export function stateBadge(RED: NodeAPI, { status, code, retryInMs = 0 }: StreamState) {
  const text = (key: string, words = {}) => RED._(`audio-source.status.${key}`, words);
  switch (status) {
    case 'connecting':
      return badge('yellow', 'ring', text('connecting'));
    case 'open':
      return badge('green', 'dot', text('open'));
    case 'held':
      return badge('blue', 'ring', text('held'));
    case 'retrying': {
      const seconds = Math.ceil(retryInMs / 1000);
      if (!code) return badge('red', 'ring', text('retrying', { seconds }));
      return badge('red', 'ring', text('retryingAfter', { reason: RED._(`${SHARED_TEXTS}.errors.${code}`), seconds }));
    }
    case 'ended':
      return code ? failureBadge(code) : badge('grey', 'ring', text('stopped'));
  }
}
