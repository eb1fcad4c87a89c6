import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { freePort } from '../../scripts/setup/freePort.mjs';

/** A mosquitto of the test's own on a free port. */
export class Broker implements Disposable {
  readonly port: number;
  readonly #configOf: ((port: number) => string) | undefined;
  #child: ChildProcess | undefined;

  private constructor(port: number, configOf: ((port: number) => string) | undefined) {
    this.port = port;
    this.#configOf = configOf;
  }

  /** @param configOf writes a configuration file for a port, and returns its path; by default everybody may do everything */
  static async start(configOf?: (port: number) => string): Promise<Broker> {
    const broker = new Broker(await freePort(), configOf);
    await broker.start();
    return broker;
  }

  /** After `stop`: on the same port, with nothing of what was retained. */
  async start(): Promise<void> {
    const config = this.#configOf?.(this.port);
    const child = spawn('mosquitto', config ? ['-c', config] : ['-p', String(this.port)], { stdio: 'ignore' });
    this.#child = child;
    let failure: Error | undefined;
    child.on('error', (error) => {
      failure = new Error('these tests need mosquitto: apt-get install mosquitto', { cause: error });
    });
    while (!(await answers(this.port))) {
      if (failure) throw failure;
      if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, 'close');
    child.kill();
    await ended;
  }

  /** Takes no more until `thaw`; connections stay. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  client(options: IClientOptions = {}): Promise<MqttClient> {
    return connectAsync(`mqtt://127.0.0.1:${this.port}`, options);
  }

  [Symbol.dispose](): void {
    this.#child?.kill('SIGKILL');
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
