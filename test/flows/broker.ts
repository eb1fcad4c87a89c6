import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { connectAsync, type MqttClient } from 'mqtt';
import { freePort } from './nodeRedProcess.js';

/** A mosquitto of the test's own on a free port. */
export class Broker implements Disposable {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
  }

  static async start(): Promise<Broker> {
    const port = await freePort();
    const child = spawn('mosquitto', ['-p', String(port)], { stdio: 'ignore' });
    let failure: Error | undefined;
    child.on('error', (error) => {
      failure = new Error('these tests need mosquitto: apt-get install mosquitto', { cause: error });
    });
    while (!(await answers(port))) {
      if (failure) throw failure;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return new Broker(port, child);
  }

  client(): Promise<MqttClient> {
    return connectAsync(`mqtt://127.0.0.1:${this.port}`);
  }

  [Symbol.dispose](): void {
    this.#child.kill();
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
