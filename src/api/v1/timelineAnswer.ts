import type { Identification } from '../../core/identification.js';
import { timelineSvg } from '../../display/timelineSvg.js';
import type { JobView } from '../../engine/jobs/jobs.js';
import type { Answer, Call } from '../calls/call.js';

/** Whether the client asks for a drawing in place of JSON: `Accept` names SVG and not JSON. */
export function wantsTimeline({ request, response }: Call): boolean {
  response.setHeader('vary', 'accept');
  const accepted = (request.headers.accept ?? '')
    .split(',')
    .map((range) => range.split(';', 1)[0]!.trim().toLowerCase());
  return accepted.includes('image/svg+xml') && !accepted.includes('application/json');
}

/** Who speaks when, drawn. */
export function timelineAnswer({ response }: Call, result: Identification): Answer {
  // Opened in a browser it is a document of this origin: nothing in it may load or run.
  response.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
  response.setHeader('x-content-type-options', 'nosniff');
  return { status: 200, text: { contentType: 'image/svg+xml', content: timelineSvg(result, '') } };
}

/** The turns that a job found, once it is done. */
export function drawableResult({ kind, outcome }: JobView): Identification | undefined {
  if (kind === 'vad' || !outcome || !('result' in outcome)) return undefined;
  return outcome.result as Identification;
}
