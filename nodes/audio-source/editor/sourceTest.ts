import { chosen } from '../../shared/editor/checks.js';
import { entered } from '../../shared/editor/fields.js';
import type { AnyNode } from '../../shared/editor/red.js';
import { textsOf } from '../../shared/editor/texts.js';
import { editorPlace } from '../../shared/editor/voicesUi.js';

const text = textsOf('audio-source');
const QUIETEST_DB = -70;

/** What the server reports, a line each. */
type TestLine =
  | { readonly type: 'state'; readonly status: string; readonly message?: string }
  | {
      readonly type: 'found';
      readonly encoding?: string;
      readonly sampleRateHz?: number;
      readonly isNarrowBand?: boolean;
    }
  | { readonly type: 'level'; readonly levelDb: number }
  | { readonly type: 'end'; readonly seconds: number; readonly reconnects: number; readonly lostSeconds: number };

/** The button "Test": connects with what the dialog has now. Returns what ends it, for the end of the dialog. */
export function openSourceTest(node: AnyNode): () => void {
  const button = $('#audio-source-test');
  const box = $('#audio-source-tested').hide();
  let running: AbortController | undefined;
  const end = () => {
    running?.abort();
    running = undefined;
    button.find('span').text(text('test.start'));
  };
  button.on('click', (event) => {
    event.preventDefault();
    if (running) return end();
    const test = new AbortController();
    running = test;
    button.find('span').text(text('test.stop'));
    const show = shownIn(box);
    tested(node, test.signal, show)
      .catch(() => test.signal.aborted || show({ type: 'state', status: 'ended', message: text('test.failed') }))
      .finally(() => running === test && end());
  });
  return end;
}

async function tested(node: AnyNode, signal: AbortSignal, show: (line: TestLine) => void): Promise<void> {
  const { root, headers } = editorPlace();
  const names = Object.keys(node._def.defaults);
  const settings = Object.fromEntries(names.map((name) => [name, chosen(node, name)]));
  const credentials = { user: entered('#node-input-user'), password: entered('#node-input-password') };
  const answer = await fetch(`${root}voice-prints/live/test`, {
    method: 'POST',
    headers: { ...headers(), 'content-type': 'application/json' },
    body: JSON.stringify({ id: node.id, settings, credentials }),
    signal,
  });
  if (!answer.ok || !answer.body) {
    const key = answer.status === 401 ? 'test.forbidden' : answer.status === 429 ? 'test.busy' : 'test.failed';
    return show({ type: 'state', status: 'ended', message: text(key) });
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split('\n');
    rest = lines.pop()!;
    for (const line of lines) show(JSON.parse(line) as TestLine);
  }
}

/** Shows a meter, what was found, and how it went; texts of a source as text. */
function shownIn(box: JQuery): (line: TestLine) => void {
  const state = $('<div role="status">');
  const meter = $(`<meter min="${QUIETEST_DB}" max="0" low="-55" high="-6" optimum="-20" value="${QUIETEST_DB}">`)
    .attr('aria-label', text('test.level'))
    .css({ width: '100%' });
  const found = $('<div>');
  box.empty().append(state, meter, found).show();
  let lastProblem = '';
  return (line) => {
    if (line.type === 'state') {
      lastProblem = line.message ?? lastProblem;
      state.text(line.message ?? text(`status.${line.status === 'ended' ? 'stopped' : line.status}`));
    }
    if (line.type === 'level') meter.val(Math.max(QUIETEST_DB, line.levelDb));
    if (line.type === 'found') found.text(foundText(line));
    if (line.type === 'end') {
      meter.val(QUIETEST_DB);
      state.text(line.seconds > 0 ? endText(line) : lastProblem || text('test.nothing'));
    }
  };
}

function foundText({ encoding, sampleRateHz, isNarrowBand }: Extract<TestLine, { type: 'found' }>): string {
  const parts = [
    ...(encoding === undefined ? [] : [encoding]),
    ...(sampleRateHz === undefined ? [] : [`${sampleRateHz / 1000} kHz`]),
    ...(isNarrowBand ? [text('test.narrowBand')] : []),
  ];
  return parts.length === 0 ? '' : text('test.found', { format: parts.join(', ') });
}

function endText({ seconds, reconnects, lostSeconds }: Extract<TestLine, { type: 'end' }>): string {
  const values = { seconds: Math.round(seconds), reconnects, lost: Math.round(lostSeconds) };
  return text(reconnects > 0 || lostSeconds >= 0.5 ? 'test.uneven' : 'test.good', values);
}
