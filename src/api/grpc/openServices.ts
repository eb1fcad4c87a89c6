import type { Server, ServerDuplexStream, ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { guarded } from '../../core/guarded.js';
import { networkOf } from '../access/networkOf.js';
import { Slots } from '../access/slots.js';
import { refusalOf } from '../refusals/refusal.js';
import { statusOf } from './grpcStatus.js';
import { addressOf } from './identifySpeaker.js';

/** Total streams of the services that need no key; those of one network get half of them at most. */
const MOST_STREAMS = 64;
/** Maximum duration of a watch; clients reconnect at its end, as after every loss of a connection. */
const LONGEST_STREAM_MS = 600_000;
/** Requests on one reflection stream: a client needs a handful. */
const MOST_REQUESTS = 200;

type OpenStream = ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>;
type Handler = (call: OpenStream, ...rest: unknown[]) => void;

/** A server facade for the health and reflection libraries: it limits the number and duration of their streams. */
export function openServices(server: Server): Server {
  const slots = new Slots({ most: MOST_STREAMS, isShared: () => true });
  const addService: Server['addService'] = (service, implementation) => {
    const held = Object.entries(implementation as Record<string, Handler>).map(([name, handler]) => {
      const method = Object.values(service).find((one) => one.originalName === name || one.path.endsWith(`/${name}`));
      return [name, method?.responseStream ? bounded(handler, slots) : handler] as const;
    });
    server.addService(service, Object.fromEntries(held) as UntypedServiceImplementation);
  };
  return { addService } as Server;
}

function bounded(handler: Handler, slots: Slots): Handler {
  return (call, ...rest) => {
    const refuse = (thrown: unknown): void => void call.emit('error', statusOf(refusalOf(thrown)));
    const end = (code: status, details: string) => guarded(refuse, () => call.emit('error', { code, details }));
    guarded(refuse, () => {
      const giveBack = slots.take(networkOf(addressOf(call.getPeer())));
      const timer = setTimeout(
        end(status.UNAVAILABLE, 'this stream has reached its maximum duration; open a new one'),
        LONGEST_STREAM_MS,
      );
      for (const over of ['cancelled', 'finish', 'close', 'error'] as const) {
        call.once(over, () => {
          clearTimeout(timer);
          giveBack();
        });
      }
      if ('on' in call && 'read' in call)
        countRequests(call, end(status.RESOURCE_EXHAUSTED, 'too many requests on one stream'));
      handler(call, ...rest);
    })();
  };
}

function countRequests(call: ServerDuplexStream<unknown, unknown>, end: () => void): void {
  let requests = 0;
  call.on('data', () => {
    requests += 1;
    if (requests === MOST_REQUESTS) end();
  });
}
