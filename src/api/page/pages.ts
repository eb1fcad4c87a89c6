import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { SignedInUsers } from '../access/trustedIngress.js';

/** Serves the page that shows the calls, as /v1/openapi.json describes them: one self-contained file. */
export function docsPage(ingress?: SignedInUsers): (request: IncomingMessage, response: ServerResponse) => void {
  const html = readFileSync(fileURLToPath(new URL('docs.html', import.meta.url)), 'utf8');
  const [script, style] = [hashesOf(html, 'script'), hashesOf(html, 'style')];
  const permissions = 'microphone=(), camera=(), geolocation=()';
  return (request, response) => writePage(request, response, { html, ingress, script, style, permissions });
}

interface Page extends Pick<PolicyParts, 'script' | 'style' | 'media' | 'image'> {
  readonly html: string;
  readonly permissions: string;
  /** Its users see the page inside the gateway's own, and need no key. */
  readonly ingress: SignedInUsers | undefined;
}

/** Answers with a page that may do only what its policy says. */
export function writePage(request: IncomingMessage, response: ServerResponse, page: Page): void {
  const isIngress = page.ingress?.callerOf(request) !== undefined;
  const html = Buffer.from(isIngress ? page.html.replace('<html ', '<html data-key="none" ') : page.html);
  const ancestors = isIngress ? "'self'" : "'none'";
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.setHeader('content-security-policy', policy({ ...page, ancestors, host: request.headers.host }));
  response.setHeader('permissions-policy', page.permissions);
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('cache-control', 'no-cache');
  response.setHeader('content-length', html.length);
  response.end(request.method === 'HEAD' ? undefined : html);
}

interface PolicyParts {
  readonly script: string;
  readonly style: string;
  /** Where sound may be played from; nowhere by default. */
  readonly media?: string;
  /** Where pictures may come from; nowhere by default. */
  readonly image?: string;
  readonly host: string | undefined;
  /** Pages that may show this one in a frame. */
  readonly ancestors: string;
}

/** Not every browser applies 'self' to ws:. */
function policy({ script, style, media, image, host, ancestors }: PolicyParts): string {
  const isPlainHost = /^[\w.-]+(:\d+)?$|^\[[\da-f:]+\](:\d+)?$/i.test(host ?? '');
  const sockets = isPlainHost ? ` ws://${host} wss://${host}` : '';
  return [
    "default-src 'none'",
    `script-src ${script}`,
    `style-src ${style}`,
    ...(image === undefined ? [] : [`img-src ${image}`]),
    ...(media === undefined ? [] : [`media-src ${media}`]),
    `connect-src 'self'${sockets}`,
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${ancestors}`,
  ].join('; ');
}

/** CSP sources for the elements of this kind in the page: the digests of their texts. */
function hashesOf(html: string, element: 'script' | 'style'): string {
  const texts = [...html.matchAll(new RegExp(`<${element}>([\\s\\S]*?)</${element}>`, 'g'))].map(([, text]) => text!);
  return texts.map((text) => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`).join(' ');
}
