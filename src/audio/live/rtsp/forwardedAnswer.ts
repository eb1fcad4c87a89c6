import { headerOf, type RtspMessage, without } from './rtspParts.js';

/** Headers between the device and us, which are not forwarded. */
const WITHHELD = [
  'CSeq',
  'Content-Length',
  'Content-Base',
  'Content-Location',
  'Location',
  'RTP-Info',
  'WWW-Authenticate',
];

/** What of the device's answer is for our client. */
export const forwardedHeaders = ({ headers }: RtspMessage): RtspMessage['headers'] => without(headers, WITHHELD);

/** The same of an answer to SETUP: over UDP reports go to where the connection leads, which would be us, unless it is said. */
export function setUpHeaders(answer: RtspMessage, deviceAddress: string | undefined): RtspMessage['headers'] {
  const headers = forwardedHeaders(answer);
  const transport = headerOf(answer, 'Transport') ?? '';
  const isSourceMissing = /server_port/i.test(transport) && !/source=/i.test(transport);
  if (!isSourceMissing) return headers;
  return [...without(headers, ['Transport']), ['Transport', `${transport};source=${deviceAddress}`]];
}

/** Whether the device answered as for UDP where packets over the connection were asked for. */
export function isAnsweredForUdp(asked: RtspMessage, answer: RtspMessage): boolean {
  const transport = headerOf(answer, 'Transport') ?? '';
  const isTcpWanted = /interleaved/i.test(headerOf(asked, 'Transport') ?? '');
  return isTcpWanted && /(?:client|server)_port/i.test(transport) && !/interleaved/i.test(transport);
}
