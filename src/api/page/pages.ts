import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';

type Page = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves the page that streams the browser's microphone. */
export const livePage = (): Page =>
  pageOf('live.html', { permissions: 'microphone=(self), camera=(), geolocation=()' });

/** Serves the page that shows the calls, as /v1/openapi.json describes them. */
export const docsPage = (): Page => pageOf('docs.html', { permissions: 'microphone=(), camera=(), geolocation=()' });

/** One self-contained file. */
function pageOf(name: string, { permissions }: { readonly permissions: string }): Page {
  const html = readFileSync(fileURLToPath(new URL(name, import.meta.url)));
  const text = html.toString('utf8');
  const [script, style] = [hashesOf(text, 'script'), hashesOf(text, 'style')];
  return (request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.setHeader('content-security-policy', policy({ script, style, host: request.headers.host }));
    response.setHeader('permissions-policy', permissions);
    response.setHeader('referrer-policy', 'no-referrer');
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('cache-control', 'no-cache');
    response.setHeader('content-length', html.length);
    response.end(request.method === 'HEAD' ? undefined : html);
  };
}

interface PolicyParts {
  readonly script: string;
  readonly style: string;
  readonly host: string | undefined;
}

/** Only scripts in the file run; the live page's worklet is created from it, hence blob. Not every browser applies 'self' to ws:. */
function policy({ script, style, host }: PolicyParts): string {
  const isPlainHost = /^[\w.-]+(:\d+)?$|^\[[\da-f:]+\](:\d+)?$/i.test(host ?? '');
  const sockets = isPlainHost ? ` ws://${host} wss://${host}` : '';
  return [
    "default-src 'none'",
    `script-src ${script} blob:`,
    `style-src ${style}`,
    `connect-src 'self'${sockets}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** CSP sources for the elements of this kind in the page: the digests of their texts. */
function hashesOf(html: string, element: 'script' | 'style'): string {
  const texts = [...html.matchAll(new RegExp(`<${element}>([\\s\\S]*?)</${element}>`, 'g'))].map(([, text]) => text!);
  return texts.map((text) => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`).join(' ');
}
