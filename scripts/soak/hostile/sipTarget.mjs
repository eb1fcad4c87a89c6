import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProgram } from './program.mjs';
import { DESCRIPTION, rightMessage } from './sipMutations.mjs';

const listener = fileURLToPath(new URL('./sipListener.mjs', import.meta.url));
/** RFC 3261, 17.1.1.2: what is not answered is asked again. */
const AGAIN_MS = 500;

/** A telephone in a process of its own. Its honest user calls, and hangs up again: another address than the attacker's. */
export async function openSipListener() {
  const program = await startProgram([], {}, listener);
  const { port } = JSON.parse(program.firstLine);
  const honest = await Caller.open(port, '127.0.0.3');
  return {
    program,
    port,
    async check() {
      const call = await honest.invite(DESCRIPTION);
      if (call.status !== 200) throw new Error(`an honest caller was answered ${call.status}`);
      await honest.ask('BYE', { ...call, cseq: 2 });
    },
    async close() {
      honest.close();
      await program.stop();
    },
  };
}

/** One who writes SIP over UDP. Addresses of their own: 127.0.0.0/8 is all this machine. */
export class Caller {
  #socket;
  #to;
  #count = 0;
  /** Of a final answer, by branch. */
  #waiting = new Map();
  /** What came that nobody waited for. */
  onMessage = () => undefined;

  static open(to, address = '127.0.0.2') {
    const socket = createSocket('udp4');
    return new Promise((resolve) => socket.bind(0, address, () => resolve(new Caller(socket, to))));
  }

  constructor(socket, to) {
    this.#socket = socket;
    this.#to = to;
    socket.on('error', () => undefined);
    socket.on('message', (bytes) => {
      const text = bytes.toString('utf8');
      const branch = /^Via:[^\r\n]*branch=z9hG4bK([^;\s]+)/m.exec(text)?.[1];
      const status = Number(/^SIP\/2.0 (\d+)/.exec(text)?.[1] ?? 0);
      if (status >= 200 && this.#waiting.has(branch)) this.#waiting.get(branch)(text);
      else this.onMessage(text);
    });
  }

  get port() {
    return this.#socket.address().port;
  }

  get name() {
    this.#count += 1;
    return `${this.port}x${this.#count}`;
  }

  sendBytes(bytes) {
    this.#socket.send(bytes, this.#to, '127.0.0.1', () => undefined);
  }

  /** Sends it until it is answered. @returns the final answer */
  async ask(method, call) {
    const branch = this.name;
    const text = rightMessage(method, { port: this.port, ...call, branch });
    let isAnswered = false;
    const answered = new Promise((resolve) => {
      this.#waiting.set(branch, resolve);
    }).finally(() => {
      isAnswered = true;
      this.#waiting.delete(branch);
    });
    for (; !isAnswered; await Promise.race([answered, sleep(AGAIN_MS)])) this.sendBytes(text);
    return { text: await answered, branch };
  }

  /** @returns the call, acknowledged: `{ status, callId, toTag, audio }` */
  async invite(body) {
    const callId = this.name;
    const { text, branch } = await this.ask('INVITE', { callId, body });
    const status = Number(text.slice(8, 11));
    const toTag = /^To:.*;tag=([^\s;]+)/im.exec(text)?.[1];
    const call = { status, callId, toTag, audio: Number(/^m=audio (\d+)/m.exec(text)?.[1]) };
    const ack = { port: this.port, ...call, branch: status === 200 ? this.name : branch };
    this.sendBytes(rightMessage('ACK', ack));
    return call;
  }

  close() {
    this.#socket.close();
  }
}
