import { expect, test } from 'vitest';
import { storeFolder } from '../../../src/cli/options/storeFolder.js';
import { table } from '../../../src/cli/output/output.js';
import { srt } from '../../../src/cli/output/srt.js';
import { turnsTable } from '../../../src/cli/output/turnsTable.js';
import { clock, percent } from '../../../src/display/figures.js';
import { printableJson } from '../../../src/display/printable.js';
import { timelineSvg } from '../../../src/display/timelineSvg.js';
import type { Identification, IdentifiedSegment } from '../../../src/index.js';

const turn = (own: Partial<IdentifiedSegment>): IdentifiedSegment => ({
  speakerId: null,
  name: null,
  cluster: null,
  start: 0,
  end: 1,
  score: 0,
  margin: 0,
  cosine: null,
  decision: 'unknown',
  overlap: false,
  candidates: [],
  ...own,
});
const alice = { speakerId: 'alice', name: 'Alice <&> "A"' };
const candidates = [{ ...alice, score: 0.97, cosine: 0.8 }];

const conversation: Identification = {
  durationSeconds: 3_725.5,
  model: 'any',
  warnings: [],
  segments: [
    turn({ ...alice, start: 3.2, end: 7.9, score: 0.97, decision: 'identified', candidates }),
    turn({ cluster: 'unknown-1', start: 8, end: 9.25, score: 0.02, candidates }),
    turn({ ...alice, cluster: 'unknown-2', start: 3_700, end: 3_720, score: 0.6, decision: 'uncertain', candidates }),
  ],
};

test.each([
  { seconds: 3.24, expected: '0:03.2' },
  { seconds: 59.96, expected: '1:00.0' },
  { seconds: 3_599.99, expected: '1:00:00.0' },
  { seconds: 3_723.4, expected: '1:02:03.4' },
])('clock of $seconds s is $expected', ({ seconds, expected }) => {
  expect(clock(seconds)).toBe(expected);
});

test('a probability is never shown as certainty', () => {
  expect([percent(0), percent(0.974), percent(0.9999)]).toEqual(['0 %', '97 %', '99 %']);
});

test('columns stay in line, with wide characters, too', () => {
  expect(
    table([
      ['a', 'x'],
      ['李雷', 'y'],
    ]),
  ).toBe('a     x\n李雷  y');
});

test('turns for people: time, name, percentage; an uncertain voice keeps its question mark', () => {
  const lines = turnsTable(conversation).split('\n');
  expect(lines[0]).toMatch(/^0:03\.2–0:07\.9 +Alice <&> "A" +97 %$/);
  expect(lines[1]).toMatch(/^0:08\.0–0:09\.3 +unknown-1$/);
  expect(lines[2]).toMatch(/^1:01:40\.0–1:02:00\.0 +unknown-2 \(Alice <&> "A"\?\) +60 %$/);
});

test('neighbouring turns of one voice are one row, unless every turn is requested', () => {
  const said = (start: number, end: number, speakerId: string) =>
    turn({ speakerId, name: 'Alex', start, end, score: 0.9, decision: 'identified' });
  // Two people of one name; a pause of more than ten seconds.
  const segments = [said(0, 4, 'a'), said(4.5, 9, 'a'), said(9, 12, 'b'), said(13, 15, 'b'), said(40, 41, 'b')];
  const talk = { ...conversation, segments };
  const merged = turnsTable(talk).split('\n');
  expect(merged.slice(0, 4)).toEqual([
    '0:00.0–0:09.0  Alex  90 %  2 turns',
    '0:09.0–0:15.0  Alex  90 %  2 turns',
    '0:40.0–0:41.0  Alex  90 %',
    '',
  ]);
  expect(merged[4]).toBe('1:02:05.5 in all: Alex 0:08.5, Alex 0:06.0');
  expect(turnsTable(talk, { isEveryTurn: true }).split('\n')).toHaveLength(7);
});

const HOSTILE = 'Al\u001b[2J\u009b1mice\r\nBob  99 %\u202e <b>{\\an8}</b> --> x';

test('a name is shown and obeyed nowhere: no escape sequence, no line of its own, no markup', () => {
  const segments = [turn({ speakerId: 'alice', name: HOSTILE, end: 2, score: 0.9, decision: 'identified' })];
  const hostile = { ...conversation, segments };
  const obeyed = /(?!\n)[\p{Cc}\u202e]/u;
  for (const text of [turnsTable(hostile), timelineSvg(hostile, HOSTILE), srt(hostile), table([[HOSTILE]])]) {
    expect(text).not.toMatch(obeyed);
  }
  expect(turnsTable(hostile).split('\n')).toHaveLength(3);
  expect(srt(hostile)).not.toMatch(/[<{]|-->.*-->/);
  expect(srt(hostile).split('\n')).toHaveLength(5);
  const json = printableJson({ name: HOSTILE });
  expect(json).not.toMatch(obeyed);
  expect(JSON.parse(json)).toEqual({ name: HOSTILE });
});

test('subtitles: numbered, with comma and milliseconds', () => {
  expect(srt(conversation)).toBe(
    '1\n00:00:03,200 --> 00:00:07,900\nAlice ‹&› "A"\n\n' +
      '2\n00:00:08,000 --> 00:00:09,250\nunknown-1\n\n' +
      '3\n01:01:40,000 --> 01:02:00,000\nunknown-2 (Alice ‹&› "A"?)\n\n',
  );
});

test('the timeline is well-formed, has a bar a turn, both colour schemes, and shows no name unescaped', () => {
  const svg = timelineSvg(conversation, 'a & b.wav');
  expect(svg.match(/<g><title>/g)).toHaveLength(3);
  expect(svg).toContain('prefers-color-scheme: dark');
  expect(svg).not.toContain('<&>');
  expect(svg).toContain('a &#38; b.wav');
  // Every bar lies inside the drawing, and so does every letter of the axis.
  for (const [, x, anchor, text] of svg.matchAll(
    /<text x="([\d.]+)" y="\d+" class="vp-tick" text-anchor="(\w+)">([^<]+)</g,
  )) {
    const right = Number(x) + (anchor === 'middle' ? (7 * text!.length) / 2 : 0);
    expect(right, text).toBeLessThanOrEqual(960);
  }
  for (const [, x, width] of svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)) {
    expect(Number(x) + Number(width)).toBeLessThanOrEqual(960);
  }
});

test('the timeline says how sure names are, marks overlap, and explains only what it has', () => {
  const [alice, ...others] = conversation.segments;
  const svg = timelineSvg(conversation, 'talk');
  expect(svg).toContain('>uncertain<');
  expect(svg).toContain('>unknown voice<');
  expect(svg).not.toContain('>several at once<');
  const both = { ...conversation, segments: [{ ...alice!, overlap: true }, ...others] };
  expect(timelineSvg(both, 'talk')).toContain('>several at once<');
  expect(timelineSvg(both, 'talk')).toContain('at the same time as another voice');
  const named = timelineSvg({ ...conversation, segments: [alice!] }, 'talk');
  expect(named).toMatch(/ s · \d+ %</);
  expect(named).not.toContain('>uncertain<');
});

test('a recording without speech is drawn and printed', () => {
  const silence = { ...conversation, segments: [] };
  expect(timelineSvg(silence, 'silence.wav')).toContain('no speech');
  expect(turnsTable(silence)).toBe('There is no speech in this recording.');
});

test.each([
  { name: 'option first', store: '/o', env: { VOICE_PRINTS_HOME: '/h' }, platform: 'linux', expected: '/o' },
  { name: 'then the environment', env: { VOICE_PRINTS_HOME: '/h' }, platform: 'linux', expected: '/h' },
  { name: 'Linux, XDG', env: { XDG_DATA_HOME: '/x' }, platform: 'linux', expected: '/x/voice-prints' },
  { name: 'Linux', env: {}, platform: 'linux', expected: /\/\.local\/share\/voice-prints$/ },
  { name: 'macOS', env: {}, platform: 'darwin', expected: /\/Library\/Application Support\/voice-prints$/ },
  { name: 'Windows', env: { LOCALAPPDATA: '/w' }, platform: 'win32', expected: '/w/voice-prints' },
] as const)('store folder: $name', ({ env, platform, expected, ...row }) => {
  const values = 'store' in row ? { store: row.store } : {};
  const folder = storeFolder({ positionals: [], values }, env, platform);
  expect(folder).toMatch(typeof expected === 'string' ? new RegExp(`^${expected}$`) : expected);
});

test('a narrow timeline keeps everything inside, and one for a page brings no style that could leak into it', () => {
  const svg = timelineSvg(conversation, 'talk', { width: 358, theme: 'page' });
  expect(svg).not.toContain('<style>');
  expect(svg).toContain('viewBox="0 0 358 ');
  for (const [, x, width] of svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)) {
    expect(Number(x) + Number(width)).toBeLessThanOrEqual(358);
  }
  const style = /<style>([^<]*)<\/style>/.exec(timelineSvg(conversation, 'talk'))![1]!;
  const selectors = [...style.matchAll(/([^{}]+)\{[^{}]*\}/g)].map(([, selector]) => selector!.trim());
  expect(selectors.length).toBeGreaterThan(10);
  for (const selector of selectors) expect(selector).toMatch(/^\.vp-timeline/);
});

test('a timeline says in words what it shows, for those who do not see it', () => {
  expect(timelineSvg(conversation, '')).toMatch(/aria-label="Alice [^"]+ 0:04\.7 \(\d+ %\), unknown-1 0:01\.3/);
});
