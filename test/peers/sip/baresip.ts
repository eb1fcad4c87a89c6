import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../../scripts/setup/freePort.mjs';
import { ChildProgram } from './childProgram.js';

/** As baresip spells them; a name it does not know it takes for all codecs. */
const SPELLINGS = { PCMU: 'PCMU', PCMA: 'PCMA', G722: 'G722/16000/1', opus: 'opus/48000/2' } as const;
const MODULES = ['g711', 'g722', 'opus', 'aufile', 'aubridge', 'srtp'];

export interface BaresipOptions {
  readonly folder: string;
  readonly user: string;
  /** WAV file, of the codec's rate: 8,000, 16,000 or, for Opus, 48,000 with two channels. */
  readonly plays: string;
  readonly codec: 'PCMU' | 'PCMA' | 'G722' | 'opus';
  /** More parameters of the account: `;mediaenc=srtp-mand`, `;answermode=auto`. */
  readonly account?: string;
  readonly displayName?: string;
  /** Of the domain it calls from. */
  readonly host?: string;
  /** Registers at its host. */
  readonly registers?: boolean;
  /** PEM file: authorities of the certificates it accepts. */
  readonly authorities?: string;
}

/** A telephone from Debian that plays a file to whoever it talks to; steered over its control port. */
export class Baresip implements AsyncDisposable {
  readonly sipPort: number;
  readonly #program: ChildProgram;
  readonly #control: Socket;
  #events = '';

  private constructor(sipPort: number, program: ChildProgram, control: Socket) {
    this.sipPort = sipPort;
    this.#program = program;
    this.#control = control;
    control.on('data', (bytes) => {
      this.#events += bytes.toString('latin1');
    });
    control.on('error', () => undefined); // it ended
  }

  static async start(options: BaresipOptions): Promise<Baresip> {
    const {
      folder,
      user,
      plays,
      codec,
      account = '',
      displayName = user,
      host = '127.0.0.1',
      registers = false,
      authorities,
    } = options;
    const home = join(folder, `baresip-${user}`);
    mkdirSync(home, { recursive: true });
    const sipPort = await freePort(1); // it takes the next one for TLS
    const controlPort = await freePort();
    const config = [
      'poll_method epoll',
      `sip_listen 127.0.0.1:${sipPort}`,
      `audio_source aufile,${plays}`,
      'audio_player aubridge,nowhere',
      'audio_alert aubridge,nowhere',
      'module_path /usr/lib/baresip/modules',
      ...MODULES.map((name) => `module ${name}.so`),
      'module_app account.so',
      'module_app menu.so',
      'module_app ctrl_tcp.so',
      `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
      'call_max_calls 30',
      'net_interface 127.0.0.1',
      'rtp_stats no',
      ...(authorities ? [`sip_cafile ${authorities}`, 'sip_verify_server yes'] : []),
    ];
    writeFileSync(join(home, 'config'), `${config.join('\n')}\n`);
    writeFileSync(
      join(home, 'accounts'),
      `"${displayName}" <sip:${user}@${host}>;regint=${registers ? 60 : 0};audio_codecs=${SPELLINGS[codec]}${account}\n`,
    );
    writeFileSync(join(home, 'contacts'), '\n');
    const program = new ChildProgram('baresip', ['-f', home]);
    await program.says(/baresip is ready/);
    return new Baresip(sipPort, program, await connected(controlPort));
  }

  /** `dial sip:…`, `hangup`, `hold`, `resume`, `sndcode 5`; see its manual. */
  command(line: string): void {
    const [command, ...params] = line.split(' ');
    const text = JSON.stringify({ command, params: params.join(' ') });
    this.#control.write(`${text.length}:${text},`);
  }

  /** Waits for an event: CALL_ESTABLISHED, CALL_CLOSED … */
  async hears(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#events)) {
      if (this.#program.hasExited) throw new Error(`baresip ended: ${this.#program.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  get events(): string {
    return this.#events;
  }

  get output(): string {
    return this.#program.output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#control.destroy();
    await this.#program[Symbol.asyncDispose]();
  }
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}
