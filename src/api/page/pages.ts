import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { SignedInUsers } from '../access/trustedIngress.js';

type Page = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves the page that streams the browser's microphone. */
export const livePage = (ingress?: SignedInUsers): Page =>
  pageOf('live.html', { ingress, permissions: 'microphone=(self), camera=(), geolocation=()' });

/** Serves the page that shows the calls, as /v1/openapi.json describes them. */
export const docsPage = (ingress?: SignedInUsers): Page =>
  pageOf('docs.html', { ingress, permissions: 'microphone=(), camera=(), geolocation=()' });

interface PageOptions {
  readonly permissions: string;
  /** Its users see the page inside the gateway's own, and need no key. */
  readonly ingress: SignedInUsers | undefined;
}

/** One self-contained file. */
function pageOf(name: string, { permissions, ingress }: PageOptions): Page {
  const text = readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8');
  const [script, style] = [hashesOf(text, 'script'), hashesOf(text, 'style')];
  const forKeys = Buffer.from(text);
  const forIngress = Buffer.from(text.replace('<html ', '<html data-key="none" '));
  return (request, response) => {
    const isIngress = ingress?.callerOf(request) !== undefined;
    const html = isIngress ? forIngress : forKeys;
    const ancestors = isIngress ? "'self'" : "'none'";
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.setHeader('content-security-policy', policy({ script, style, ancestors, host: request.headers.host }));
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
  /** Pages that may show this one in a frame. */
  readonly ancestors: string;
}

/** Only scripts in the file run; the live page's worklet is created from it, hence blob. Not every browser applies 'self' to ws:. */
function policy({ script, style, host, ancestors }: PolicyParts): string {
  const isPlainHost = /^[\w.-]+(:\d+)?$|^\[[\da-f:]+\](:\d+)?$/i.test(host ?? '');
  const sockets = isPlainHost ? ` ws://${host} wss://${host}` : '';
  return [
    "default-src 'none'",
    `script-src ${script} blob:`,
    `style-src ${style}`,
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
