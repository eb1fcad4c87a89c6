/** Lines of SIP messages as the transport needs them (RFC 3261, 18); everything else is sip.js's. */

/** Where a message goes, or came from. */
export interface SipPeer {
  readonly host: string;
  readonly port: number;
  /** The name that `host` is the address of, where it was one: certificates are for names. */
  readonly name?: string;
}

/** What a message travels by, as its Via names it. */
export type SipProtocol = 'UDP' | 'TCP' | 'TLS';

export const SIP_PORT = 5_060;
export const SIPS_PORT = 5_061;
/** The methods of a receive-only telephone. */
export const METHODS = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE';

const TOP_VIA = /^((?:via|v)[ \t]*:[ \t]*SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*)(\w+)([ \t]+)([^\s;,]+)([^,\r\n]*)/im;

/** What a transaction is known by: branch and sent-by of its top Via, and the method of its CSeq. */
export interface TransactionKey {
  readonly branch: string;
  readonly sentBy: string;
  readonly method: string;
}

/** Longer ones are no SIP that we would answer. */
const MAX_MESSAGE_CHARS = 16_384;
const MAX_HEAD_CHARS = 8_192;
/** Of the longest header that telephones write: a chain of certificates has no place in one. */
const MAX_LINE_CHARS = 2_048;
const MAX_LINES = 128;

/** Whether a message is no longer than any telephone's, before its parts are looked at. */
export function isSized(message: string): boolean {
  if (message.length > MAX_MESSAGE_CHARS) return false;
  const end = message.indexOf('\r\n\r\n');
  const head = end < 0 ? message : message.slice(0, end);
  if (head.length > MAX_HEAD_CHARS) return false;
  const lines = head.split('\r\n', MAX_LINES + 1);
  return lines.length <= MAX_LINES && lines.every(({ length }) => length <= MAX_LINE_CHARS);
}

export const isResponse = (message: string): boolean => message.startsWith('SIP/2.0 ');
export const methodOf = (request: string): string => /^[A-Z]+/.exec(request)?.[0] ?? '';
export const statusOf = (response: string): number => Number(response.slice(8, 11));

/** Undefined for data that are not a SIP message. */
export function transactionOf(message: string): TransactionKey | undefined {
  const via = TOP_VIA.exec(message);
  const branch = /;[ \t]*branch[ \t]*=[ \t]*([^;,\s]+)/i.exec(via?.[5] ?? '')?.[1];
  const method = /^cseq[ \t]*:[ \t]*\d+[ \t]+(\w+)/im.exec(message)?.[1];
  return via && branch && method ? { branch, sentBy: via[4]!, method } : undefined;
}

/** Addresses that the sender claims: if kept, they could direct our answers to a third party. */
const OWN_WORDS = /;[ \t]*(?:received|rport)[ \t]*(?:=[^;]*)?(?=;|$)/gi;

/** RFC 3261, 18.2.1 and RFC 3581, 4: a request with where it came from in its top Via. */
export function withReceived(request: string, from: SipPeer): string {
  return request.replace(
    TOP_VIA,
    (_, head: string, protocol: string, space: string, sentBy: string, params: string) => {
      // Requests over a connection are answered on it, whether or not they ask for that.
      const isAsked = protocol.toUpperCase() !== 'UDP' || /;[ \t]*rport[ \t]*(?=[=;]|$)/i.test(params.trimEnd());
      const others = params.trimEnd().replace(OWN_WORDS, '').trimEnd();
      const rport = isAsked ? `;rport=${from.port}` : '';
      return `${head}${protocol}${space}${sentBy}${others}${rport};received=${from.host}`;
    },
  );
}

/** A request that is for us, whatever name it calls us by: door stations dial any. */
export const addressedTo = (request: string, uri: string): string =>
  request.replace(/^([A-Z]+) \S+ SIP\/2\.0/, (_, method: string) => `${method} ${uri} SIP/2.0`);

/** RFC 3261, 18.2.2: where a response goes, by the top Via that `withReceived` completed. */
export function responseTarget(response: string): SipPeer | undefined {
  const via = TOP_VIA.exec(response);
  if (!via) return undefined;
  const received = /;received=([^;\s]+)/i.exec(via[5]!)?.[1];
  const rport = /;rport=(\d+)/i.exec(via[5]!)?.[1];
  const sentBy = peerOf(via[4]!);
  return { host: received ?? sentBy.host, port: rport ? Number(rport) : sentBy.port };
}

/** Where a request goes: its first Route, else its Request-URI. A port left out is 0. */
export function requestTarget(request: string): SipPeer | undefined {
  const route = /^route[ \t]*:[^\r\n]*?sips?:(?:[^@>;\s]*@)?([^>;?\s,]+)/im.exec(request)?.[1];
  const uri = route ?? /^[A-Z]+ sips?:(?:[^@\s]*@)?([^;?\s>]+)/i.exec(request)?.[1];
  if (!uri) return undefined;
  const [host = '', port] = uri.split(':');
  return { host, port: Number(port ?? 0) }; // NaN where it is no number: such an address is refused
}

/** What the Route or Request-URI of a request asks for; undefined where it leaves that open. */
export function protocolOf(request: string): SipProtocol | undefined {
  const route = /^route[ \t]*:[^\r\n]*/im.exec(request)?.[0];
  const target = route?.split(',')[0] ?? /^\S+ \S+/.exec(request)?.[0] ?? '';
  if (/\bsips:/i.test(target)) return 'TLS';
  return /;transport=(udp|tcp|tls)\b/i.exec(target)?.[1]?.toUpperCase() as SipProtocol | undefined;
}

export const viaProtocolOf = (message: string): string => TOP_VIA.exec(message)?.[2]?.toUpperCase() ?? 'UDP';

/** The Call-ID; empty for data that are not a SIP message. */
export const callIdOf = (message: string): string => /^(?:call-id|i)[ \t]*:[ \t]*([^\r\n]+)/im.exec(message)?.[1] ?? '';

/** Whether a message belongs to a dialog that both sides know: its To has a tag. */
export const isInDialog = (message: string): boolean => /^(?:to|t)[ \t]*:[^\r\n]*;[ \t]*tag[ \t]*=/im.test(message);

function peerOf(sentBy: string): SipPeer {
  const [host = '', port] = sentBy.split(':');
  return { host, port: Number(port ?? SIP_PORT) };
}

/** RFC 3261, 8.1.1.8 and 12.1.1: whoever is called by `sips:` is to give such an address, too. */
const isSips = (message: string): boolean =>
  isResponse(message)
    ? /^(?:to|t|record-route)[ \t]*:[^\r\n]*?\bsips:/im.test(message)
    : /^[A-Z]+ sips:/i.test(message);

/** A message of ours with `own` in place of the name that sip.js knows us by. */
export function withOwnAddress(message: string, placeholder: string, own: SipPeer, protocol: SipProtocol): string {
  const end = message.indexOf('\r\n\r\n');
  const authority = `${own.host}:${own.port}`;
  const isSecure = protocol === 'TLS' && isSips(message);
  const head = message
    .slice(0, end)
    .split('\r\n')
    .map((line) => {
      if (line.startsWith('Allow: ')) return `Allow: ${METHODS}`; // sip.js names what it would do
      if (!line.includes(placeholder)) return line;
      if (!/^(via|contact)\s*:/i.test(line)) return line.replaceAll(placeholder, own.host);
      const addressed = line.replaceAll(placeholder, authority);
      if (protocol === 'UDP') return addressed;
      const secure = isSecure ? addressed.replace(/<sip:/i, '<sips:').replace(/;transport=udp/i, '') : addressed;
      return secure
        .replace('SIP/2.0/UDP', `SIP/2.0/${protocol}`)
        .replace(/;transport=udp/i, `;transport=${protocol.toLowerCase()}`);
    });
  return head.join('\r\n') + message.slice(end);
}

/** A response to us with the name that sip.js knows us by in its Via: it compares it, and wants no port. */
export const withPlaceholder = (response: string, placeholder: string): string =>
  response.replace(
    TOP_VIA,
    (_, head: string, protocol: string, space: string, _sentBy: string, params: string) =>
      `${head}${protocol}${space}${placeholder}${params}`,
  );
