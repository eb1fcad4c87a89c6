import type { Node, NodeAPI, NodeStatus } from 'node-red';
import type { Identification, Progress } from '../../src/index.js';
import { badge, shorten } from '../shared/badge.js';

/** Shortest time between two changes of the badge while a recording is worked on. */
const REFRESH_MS = 500;

export interface ProgressBadge {
  begin(): void;
  show(progress: Progress): void;
  waiting(count: number): void;
}

/** `identifying 34 %`, and how many recordings wait behind it. */
export function progressBadge(RED: NodeAPI, node: Node): ProgressBadge {
  let percent: number | undefined;
  let queued = 0;
  let shownAtMs = 0;
  const draw = (): void => {
    shownAtMs = Date.now();
    const key = queued > 0 ? 'queued' : percent === undefined ? 'identifying' : 'percent';
    const words = { percent: percent ?? 0, queued };
    node.status(badge('blue', 'dot', RED._(`identify-speakers.status.${key}`, words)));
  };
  return {
    begin: () => {
      percent = undefined;
      draw();
    },
    show: ({ doneMs, totalMs }) => {
      percent = totalMs ? Math.min(99, Math.floor((100 * doneMs) / totalMs)) : undefined;
      if (Date.now() - shownAtMs >= REFRESH_MS) draw();
    },
    waiting: (count) => {
      queued = count;
      draw();
    },
  };
}

/** Green with the names, yellow for unknown voices only, grey for no speech. */
export function voicesBadge(RED: NodeAPI, { segments, warnings }: Identification): NodeStatus {
  if (segments.length === 0) return badge('grey', 'dot', 'identify-speakers.status.nobody');
  if (warnings.some(({ code }) => code === 'NOBODY_ENROLLED')) {
    return badge('yellow', 'dot', 'identify-speakers.status.nobodyEnrolled');
  }
  const scores = new Map<string, number>();
  for (const { decision, name, speakerId, score } of segments) {
    const label = name ?? speakerId;
    if (decision === 'identified' && label !== null) scores.set(label, Math.max(score, scores.get(label) ?? 0));
  }
  const strangers = new Set(segments.flatMap(({ cluster }) => cluster ?? [])).size;
  const [best] = scores.values();
  if (best === undefined) return badge('yellow', 'dot', RED._('identify-speakers.status.unknown', { strangers }));
  const names = [...scores.keys()].join(', ');
  if (strangers > 0) return badge('green', 'dot', `${shorten(names, 16)} +${strangers}`);
  return badge('green', 'dot', scores.size > 1 ? shorten(names) : `${shorten(names, 15)} ${Math.round(100 * best)} %`);
}
