import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { SignedInUsers } from '../access/trustedIngress.js';
import { writePage } from './pages.js';

const TYPES = {
  'console.js': 'text/javascript; charset=utf-8',
  'microphone.js': 'text/javascript; charset=utf-8',
  'console.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

const MICROPHONE_ONLY = 'microphone=(self), camera=(), geolocation=()';

type ConsoleFiles = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

/**
 * Serves the console: the page at the given addresses, and beside it its scripts and styles, which hold nothing of any store.
 * Answers whether the path is one of these.
 * @param addresses of the page itself, such as `/`
 */
export function consoleFiles(addresses: readonly string[], ingress?: SignedInUsers): ConsoleFiles {
  const html = read('console.html').toString('utf8');
  const files = new Map(Object.entries(TYPES).map(([name, type]) => [`/${name}`, { type, content: read(name) }]));
  return (request, response, path) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    if (addresses.includes(path)) {
      writePage(request, response, {
        html,
        ingress,
        script: "'self'",
        style: "'self'",
        permissions: MICROPHONE_ONLY,
        // Recordings that were made or chosen in the page are played from its memory.
        media: 'blob:',
        image: "'self'",
      });
      return true;
    }
    const file = files.get(path);
    if (file === undefined) return false;
    response.setHeader('content-type', file.type);
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('cache-control', 'no-cache');
    response.setHeader('content-length', file.content.length);
    response.end(request.method === 'HEAD' ? undefined : file.content);
    return true;
  };
}

const { resolve } = createRequire(import.meta.url);
const read = (name: string): Buffer => readFileSync(resolve(`#ui/${name}`));
