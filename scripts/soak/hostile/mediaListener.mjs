// Listens to live sources as it is asked to over HTTP, as the node does; prints its port. For attacks/media.mjs.
import { createServer } from 'node:http';
import { openLive } from '../../../dist/src/live.js';

/** What came of `ms` of listening, or until the first state of this status: `{ codes, samples }`. */
async function listen({ source, ms, until }) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ms);
  const heard = { codes: [], samples: 0 };
  for await (const item of openLive(source, { signal: stop.signal, backoff: { firstMs: 50, maxMs: 200 } })) {
    if (item.type === 'audio') heard.samples += item.frame.samples.length;
    if (item.type !== 'state') continue;
    if (item.state.code) heard.codes.push(item.state.code);
    if (item.state.status === until) stop.abort();
  }
  clearTimeout(timer);
  return heard;
}

let honestSamples = 0;
async function listenForGood(source) {
  for await (const item of openLive(source, { signal: new AbortController().signal })) {
    if (item.type === 'audio') honestSamples += item.frame.samples.length;
  }
}

async function answer(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (request.method === 'GET') return { samples: honestSamples };
  const asked = JSON.parse(Buffer.concat(chunks).toString());
  if (!asked.isForGood) return await listen(asked);
  void listenForGood(asked.source);
  return {};
}

const server = createServer((request, response) => {
  answer(request).then(
    (result) => response.end(JSON.stringify(result)),
    (thrown) => response.writeHead(500).end(String(thrown)),
  );
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
