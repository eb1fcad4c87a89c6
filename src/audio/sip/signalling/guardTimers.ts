import type { Transaction, UserAgentCore } from 'sip.js/lib/core/index.js';
import { guarded } from '../../../core/guarded.js';

/** RFC 3261, 17 and RFC 6026, as sip.js names the methods of its transactions that its timers call. */
const TIMERS = ['timerB', 'timerD', 'timerF', 'timerH', 'timerI', 'timerJ', 'timerK', 'timerL', 'timerM', 'timerN'];

interface Agent {
  readonly transaction: Transaction;
}

/**
 * sip.js calls its own code from timers, up to 32 s after a message and outside of any catch: a state that it had not
 * thought of would end the process. Each transaction's timers are guarded as it is entered into the core's tables.
 *
 * @param onFault gets the Call-ID; that call cannot go on
 */
export function guardTimers(core: UserAgentCore, onFault: (callId: string) => void): void {
  guardTable(core.userAgentClients, onFault);
  guardTable(core.userAgentServers, onFault);
}

function guardTable<T extends Agent>(table: Map<string, T>, onFault: (callId: string) => void): void {
  const add = table.set.bind(table);
  table.set = (id, agent) => {
    const { transaction } = agent;
    const methods = transaction as unknown as Record<string, unknown>;
    const end = () => {
      if (table.get(id) === agent) table.delete(id);
      transaction.dispose();
      onFault((transaction as unknown as { request: { callId: string } }).request.callId);
    };
    for (const name of TIMERS) {
      const method = methods[name];
      if (typeof method === 'function') methods[name] = guarded(end, () => method.call(transaction));
    }
    return add(id, agent);
  };
}
