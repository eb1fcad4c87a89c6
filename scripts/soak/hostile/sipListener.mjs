// A telephone that answers everybody and listens, as the node does; prints its port. For attacks/sip.mjs.
import { openSip } from '../../../dist/src/live.js';

const endpoint = await openSip(
  {
    ...{ listenAddress: '127.0.0.1', listenPort: 0, codecs: ['opus', 'G722', 'PCMU', 'PCMA'], srtp: 'optional' },
    ...{
      maxCalls: 20,
      answer: 'all',
      maxCallMs: 60_000,
      noMediaMs: 3_000,
      ringMs: 5_000,
      rtpPorts: { min: 0, max: 0 },
    },
  },
  { signal: new AbortController().signal },
);
console.log(JSON.stringify({ port: endpoint.port }));

const readAll = async (items) => {
  for await (const _ of items);
};
void readAll(endpoint.states);
for await (const call of endpoint) {
  void readAll(call.audio);
  void readAll(call.events);
}
