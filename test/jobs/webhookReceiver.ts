import type { IncomingMessage, ServerResponse } from 'node:http';
import { openServer } from '../support/openServer.js';

/** One request to a receiver. */
export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: { readonly request_id: string; readonly response?: unknown; readonly fault?: unknown };
}

export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string;
  /** `127.0.0.1:PORT`, for allow lists. */
  readonly host: string;
  readonly received: readonly Received[];
}

/** A real HTTP server; `answer` decides (default 200). */
export async function webhookReceiver(
  answer: (received: Received, response: ServerResponse) => void = (_received, response) => void response.end('ok'),
): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const server = await openServer((request: IncomingMessage, response) => {
    void textOf(request).then((text) => {
      const headers = request.headers as Record<string, string>;
      const one = { path: request.url!, headers, text, body: JSON.parse(text || '{}') };
      received.push(one);
      answer(one, response);
    });
  });
  return {
    url: server.url,
    host: new URL(server.url).host,
    received,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
