import { expect, test } from 'vitest';
import { formatTraceparent, parseTraceparent } from '../../src/tracing/traceparent.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

test.each([
  { name: 'recorded', text: `00-${TRACE}-${SPAN}-01`, traceFlags: 1 },
  { name: 'not recorded', text: `00-${TRACE}-${SPAN}-00`, traceFlags: 0 },
])('$name: read and written alike', ({ text, traceFlags }) => {
  const place = parseTraceparent(text)!;
  expect(place).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags });
  expect(formatTraceparent(place)).toBe(text);
});

test('a later version may have more fields', () => {
  expect(parseTraceparent(`01-${TRACE}-${SPAN}-01-more`)).toMatchObject({ traceId: TRACE });
});

test.each([
  { name: 'empty', text: '' },
  { name: 'capitals', text: `00-${TRACE.toUpperCase()}-${SPAN}-01` },
  { name: 'no trace', text: `00-${'0'.repeat(32)}-${SPAN}-01` },
  { name: 'no span', text: `00-${TRACE}-${'0'.repeat(16)}-01` },
  { name: 'a forbidden version', text: `ff-${TRACE}-${SPAN}-01` },
  { name: 'two of them', text: `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01` },
  { name: 'too short', text: `00-${TRACE}-${SPAN}-1` },
])('refused: $name', ({ text }) => {
  expect(parseTraceparent(text)).toBeUndefined();
});
