import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../scripts/setup/freePort.mjs';
import { ChildProgram } from './childProgram.js';
import { RawSip } from './rawSip.js';

/** Registrar and proxy: every user has the same password; calls go where the user registered. */
const configuration = (port: number, password: string): string => `#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=1
tcp_children=1
auto_aliases=no
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("OPTIONS") && $rU == $null) { sl_send_reply("200", "OK"); exit; }
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("$fd", "${password}", "0")) { www_challenge("$fd", "1"); exit; }
    consume_credentials(); save("location"); exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404", "Not here"); exit;
  }
  t_check_trans();
  if (is_method("INVITE")) record_route();
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  t_relay();
}
`;

/** A telephone exchange from Debian. */
export class Kamailio implements AsyncDisposable {
  readonly port: number;
  readonly #program: ChildProgram;

  private constructor(port: number, program: ChildProgram) {
    this.port = port;
    this.#program = program;
  }

  static async start(folder: string, password: string): Promise<Kamailio> {
    const home = join(folder, 'kamailio');
    mkdirSync(home, { recursive: true });
    const port = await freePort();
    const file = join(home, 'kamailio.cfg');
    writeFileSync(file, configuration(port, password));
    const binary = process.env.PATH?.includes('/usr/sbin') ? 'kamailio' : '/usr/sbin/kamailio';
    const program = new ChildProgram(binary, ['-f', file, '-DD', '-E', '-Y', home, '-w', home, '-m', '32', '-M', '4']);
    const exchange = new Kamailio(port, program);
    try {
      await exchange.#isUp();
      return exchange;
    } catch (error) {
      await exchange[Symbol.asyncDispose](); // nobody else would
      throw error;
    }
  }

  /** Whether a call to this user would be passed on. */
  async knows(user: string): Promise<boolean> {
    await using raw = await RawSip.open(this.port);
    raw.send({ method: 'MESSAGE', to: user });
    const answer = await raw.hears(/^SIP\/2.0 [2-6]/);
    return !answer.startsWith('SIP/2.0 404');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }

  async #isUp(): Promise<void> {
    await using raw = await RawSip.open(this.port);
    while (raw.received.length === 0) {
      if (this.#program.hasExited) throw new Error(`kamailio ended: ${this.#program.output}`);
      raw.send({ method: 'OPTIONS', to: '' });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
