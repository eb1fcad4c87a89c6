import type { Socket } from 'node:net';
import { callIdOf, isInDialog, isResponse } from './sipMessage.js';

/** Calls remembered at most: the latest. */
const CAPACITY = 2_000;

/**
 * By which connection each call came or went: what belongs to the call goes the same way, while it is open. The address in a
 * Contact may be one that takes no connections, or that a router does not let through (RFC 5923 in spirit).
 */
export class CallConnections {
  readonly #connections = new Map<string, Socket>();
  readonly #asked = new Map<string, Socket>();

  /** A message that came or goes by `socket`. The first connection of a call stays its own until it is closed. */
  note(message: string, socket: Socket): void {
    if (!/^cseq[ \t]*:[ \t]*\d+[ \t]+INVITE\b/im.test(message)) return;
    const callId = callIdOf(message);
    const known = this.#connections.get(callId);
    if (callId === '' || (known && !known.destroyed)) return;
    this.#connections.delete(callId);
    this.#connections.set(callId, socket);
    dropOldest(this.#connections);
  }

  /** A request of ours goes by `socket`. */
  asked(request: string, socket: Socket): void {
    this.#asked.delete(callIdOf(request));
    this.#asked.set(callIdOf(request), socket);
    dropOldest(this.#asked);
  }

  /** Call-IDs of the last requests that went by a connection, which is over. */
  lost(socket: Socket): string[] {
    const callIds = [...this.#asked].flatMap(([callId, by]) => (by === socket ? [callId] : []));
    for (const callId of callIds) this.#asked.delete(callId);
    return callIds;
  }

  /** The connection that a request within a call goes by, if its call has one. */
  of(request: string): Socket | undefined {
    if (isResponse(request) || !isInDialog(request)) return undefined;
    const socket = this.#connections.get(callIdOf(request));
    return socket?.destroyed ? undefined : socket;
  }
}

function dropOldest(map: Map<string, Socket>): void {
  const [oldest] = map.keys();
  if (map.size > CAPACITY && oldest !== undefined) map.delete(oldest);
}
