import type { IncomingRequestMessage, IncomingResponseMessage } from 'sip.js/lib/core/index.js';

const SDP = 'application/sdp';
/** More is no telephone's message. */
const MAX_PARTS = 16;
const MAX_DEPTH = 2;

/**
 * Leaves of a message's body the session description, wherever it lies (RFC 5621: gateways, exchanges and emergency calls
 * put others beside it), under the one name that sip.js knows it by. Bodies without one stay as they are.
 */
export function keepDescription(message: IncomingRequestMessage | IncomingResponseMessage): void {
  const contentType = message.getHeader('content-type') ?? '';
  if (!message.body || contentType.trim() === SDP) return;
  const description = descriptionIn(contentType, message.body, 0);
  if (description === undefined) return;
  message.body = description;
  message.setHeader('content-type', SDP);
  message.setHeader('content-disposition', 'session');
}

function descriptionIn(contentType: string, body: string, depth: number): string | undefined {
  if (/^\s*application\/sdp\s*(?:;|$)/i.test(contentType)) return body;
  const boundary = /^\s*multipart\/.*;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/is.exec(contentType);
  if (!boundary || depth >= MAX_DEPTH) return undefined;
  for (const part of partsOf(body, boundary[1] ?? boundary[2]!)) {
    const headEnd = /\r?\n\r?\n/.exec(part);
    if (!headEnd) continue;
    const type = /^content-type[ \t]*:([^\r\n]*)/im.exec(part.slice(0, headEnd.index))?.[1] ?? '';
    const found = descriptionIn(type, part.slice(headEnd.index + headEnd[0].length), depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** RFC 2046, 5.1.1: what stands between the delimiter lines, without the line end before each. */
function partsOf(body: string, boundary: string): string[] {
  const [, ...parts] = `\n${body}`.split(`\n--${boundary}`, MAX_PARTS + 2);
  return parts
    .filter((part) => !part.startsWith('--'))
    .map((part) => part.replace(/^[ \t]*\r?\n/, '').replace(/\r$/, ''));
}
