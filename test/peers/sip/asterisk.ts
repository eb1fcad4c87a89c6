import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../scripts/setup/freePort.mjs';
import type { TestCertificate } from '../certificates.js';
import { ChildProgram } from './childProgram.js';

const here = new URL('../../../.asterisk/root', import.meta.url).pathname;
/** The folder below which Asterisk lies, as scripts/setup/asterisk.mjs found it. */
const place = process.env.VOICE_PRINTS_ASTERISK || (existsSync(here) ? here : undefined);
export const hasAsterisk = place !== undefined;

const MODULES = [
  'res_sorcery_config',
  'res_sorcery_memory',
  'res_sorcery_astdb',
  'res_pjproject',
  'res_pjsip',
  'res_pjsip_session',
  'res_pjsip_pubsub',
  'res_pjsip_authenticator_digest',
  'res_pjsip_outbound_authenticator_digest',
  'res_pjsip_endpoint_identifier_user',
  'res_pjsip_registrar',
  'res_pjsip_sdp_rtp',
  'res_pjsip_caller_id',
  'res_pjsip_refer',
  'res_pjsip_nat',
  'res_rtp_asterisk',
  'res_srtp',
  'res_timing_timerfd',
  'chan_pjsip',
  'pbx_config',
  'app_dial',
  'app_playback',
  'app_echo',
  'app_transfer',
  'app_verbose',
  'codec_ulaw',
  'codec_alaw',
  'codec_g722',
  'codec_resample',
  'format_pcm',
  'format_wav',
  'bridge_simple',
  'bridge_native_rtp',
  'bridge_softmix',
  'bridge_builtin_features',
  'res_musiconhold',
];

export interface AsteriskOptions {
  readonly folder: string;
  /** Shown over TLS. */
  readonly certificate: TestCertificate;
  readonly password: string;
  /** Lines of its dial plan, of the context that everybody calls into. */
  readonly dialPlan: readonly string[];
  /** Of the endpoints of `users`: `media_encryption=sdes`. */
  readonly endpoint?: readonly string[];
  /** Users that register, and have to prove who they are. */
  readonly users: readonly string[];
  /** Users that only call, and are believed. */
  readonly callers: readonly string[];
}

/** A telephone exchange: users over UDP and TLS, calls between them as its dial plan says; steered over its console. */
export class Asterisk implements AsyncDisposable {
  readonly udpPort: number;
  readonly tlsPort: number;
  readonly #program: ChildProgram;
  readonly #console: readonly string[];

  private constructor(ports: { readonly udp: number; readonly tls: number }, program: ChildProgram, home: string) {
    this.udpPort = ports.udp;
    this.tlsPort = ports.tls;
    this.#program = program;
    this.#console = ['-C', join(home, 'asterisk.conf'), '-rx'];
  }

  static async start(options: AsteriskOptions): Promise<Asterisk> {
    const home = join(options.folder, 'asterisk');
    const ports = { udp: await freePort(), tls: await freePort() };
    write(home, filesOf(home, options, ports));
    const program = run(['-f', '-C', join(home, 'asterisk.conf'), '-vvv']);
    await program.says(/Asterisk Ready/);
    return new Asterisk(ports, program, home);
  }

  /** `pjsip show contacts`, `channel originate …`. @returns what it says */
  async command(line: string): Promise<string> {
    await using said = run([...this.#console, line]);
    await said.exited;
    return said.output;
  }

  /** Waits until it has said `pattern`. */
  says(pattern: RegExp): Promise<void> {
    return this.#program.says(pattern);
  }

  get output(): string {
    return this.#program.output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }
}

function run(args: readonly string[]): ChildProgram {
  if (place === '/' || place === undefined) return new ChildProgram('asterisk', args);
  const libraries = join(place, 'usr/lib/x86_64-linux-gnu');
  const loader = join(libraries, 'ld-linux-x86-64.so.2');
  return new ChildProgram(loader, ['--library-path', libraries, join(place, 'usr/sbin/asterisk'), ...args]);
}

function write(home: string, files: Readonly<Record<string, readonly string[]>>): void {
  for (const name of ['var', 'db', 'keys', 'spool', 'run', 'log']) mkdirSync(join(home, name), { recursive: true });
  for (const [name, lines] of Object.entries(files)) writeFileSync(join(home, name), `${lines.join('\n')}\n`);
}

function filesOf(
  home: string,
  { certificate, password, dialPlan, endpoint = [], users, callers }: AsteriskOptions,
  ports: { readonly udp: number; readonly tls: number },
): Record<string, readonly string[]> {
  const below = place === '/' || place === undefined ? '' : place;
  const modules = below ? `${below}/usr/lib/x86_64-linux-gnu/asterisk/modules` : undefined;
  const caller = (name: string) => [
    `[${name}]`,
    'type=endpoint',
    'context=everybody',
    'disallow=all',
    'allow=alaw',
    'direct_media=no',
  ];
  const user = (name: string) => [
    ...caller(name),
    ...endpoint,
    `auth=${name}`,
    `aors=${name}`,
    `[${name}]`,
    'type=auth',
    // What a system brings may be older than digests of SHA-256.
    ...(modules ? ['auth_type=digest', 'supported_algorithms_uas=SHA-256'] : ['auth_type=userpass']),
    `username=${name}`,
    `password=${password}`,
    `[${name}]`,
    'type=aor',
    'max_contacts=1',
    'remove_existing=yes',
  ];
  return {
    'asterisk.conf': [
      '[directories]',
      `astetcdir => ${home}`,
      ...(modules ? [`astmoddir => ${modules}`] : []),
      `astvarlibdir => ${home}/var`,
      `astdbdir => ${home}/db`,
      `astkeydir => ${home}/keys`,
      `astdatadir => ${below}/usr/share/asterisk`,
      `astagidir => ${home}/var`,
      `astspooldir => ${home}/spool`,
      `astrundir => ${home}/run`,
      `astlogdir => ${home}/log`,
      '[options]',
      'nocolor = yes',
    ],
    'modules.conf': ['[modules]', 'autoload=no', ...MODULES.map((name) => `load = ${name}.so`)],
    'logger.conf': ['[general]', '[logfiles]', 'console = notice,warning,error,verbose'],
    'rtp.conf': ['[general]', 'strictrtp=no'],
    'musiconhold.conf': [],
    'pjsip.conf': [
      '[udp]',
      'type=transport',
      'protocol=udp',
      `bind=127.0.0.1:${ports.udp}`,
      '[tls]',
      'type=transport',
      'protocol=tls',
      `bind=127.0.0.1:${ports.tls}`,
      `cert_file=${certificate.certificateFile}`,
      `priv_key_file=${certificate.keyFile}`,
      'method=tlsv1_2',
      ...callers.flatMap(caller),
      ...users.flatMap(user),
    ],
    'extensions.conf': ['[everybody]', ...dialPlan],
  };
}
