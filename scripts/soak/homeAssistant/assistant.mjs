// A running Home Assistant, and what its web page does with it: REST and the WebSocket API.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

const CONFIGURATION = `homeassistant:
  name: Test
  unit_system: metric
  time_zone: UTC
http:
  server_host: 127.0.0.1
  server_port: PORT
api:
config:
automation: !include automations.yaml
conversation:
zeroconf:
logger:
  default: warning
`;
const CLIENT = 'http://127.0.0.1/';
/** A busy machine takes minutes to start it. */
const PATIENCE_MS = 120_000;

export class Assistant {
  /** First byte of audio for a pipeline. */
  binaryHandler = 0;
  #root;
  #port;
  #child;
  #token;
  #socket;
  #nextId = 1;
  #waiting = new Map();

  constructor(root, port) {
    this.#root = root;
    this.#port = port;
  }

  /** With an empty configuration, and these blueprints. */
  async setUp(blueprints) {
    rmSync(this.#path(''), { recursive: true, force: true });
    const folder = this.#path('blueprints/automation/voice-prints');
    mkdirSync(folder, { recursive: true });
    for (const file of blueprints) cpSync(file, join(folder, file.split('/').at(-1)));
    writeFileSync(this.#path('configuration.yaml'), CONFIGURATION.replace('PORT', this.#port));
    writeFileSync(this.#path('automations.yaml'), '[]\n');
    await this.start();
    await this.#signUp();
    await this.connect();
    // Otherwise the address of the configuration is given up after five minutes.
    await this.ask('http/config/promote');
  }

  async start() {
    const log = openSync(`${this.#root}/opt/home-assistant.log`, 'a');
    const env = { ...process.env, LD_PRELOAD: '', HOME: '/root' };
    this.#child = spawn('chroot', [this.#root, '/opt/ha/bin/hass', '--config', '/config', '--skip-pip'], {
      env,
      stdio: ['ignore', log, log],
    });
    await until('Home Assistant answers', async () => {
      if (this.#child.exitCode !== null) throw new Error(`Home Assistant ended with ${this.#child.exitCode}`);
      const response = await fetch(this.#url('/manifest.json')).catch(() => undefined);
      return response?.status === 200;
    });
  }

  async stop() {
    this.#socket?.terminate();
    if (!this.#child || this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'close');
    this.#child.kill();
    const forced = setTimeout(() => this.#child.kill('SIGKILL'), 60_000);
    await ended;
    clearTimeout(forced);
  }

  /** Signs in to the WebSocket API. */
  async connect() {
    const socket = new WebSocket(this.#url('/api/websocket').replace('http', 'ws'), { maxPayload: 2 ** 26 });
    const [first] = await once(socket, 'message');
    if (JSON.parse(first).type !== 'auth_required') throw new Error('Home Assistant asks for no token');
    socket.send(JSON.stringify({ type: 'auth', access_token: this.#token }));
    const [second] = await once(socket, 'message');
    if (JSON.parse(second).type !== 'auth_ok') throw new Error('Home Assistant refuses the token');
    socket.on('message', (data) => {
      const message = JSON.parse(data);
      this.#waiting.get(message.id)?.(message);
    });
    this.#socket = socket;
    // Started, and not only answering.
    await until('Home Assistant has started', async () => (await this.ask('get_config')).state === 'RUNNING');
  }

  /** A command of the WebSocket API, such as `config/entity_registry/list`. */
  ask(type, members = {}) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ success, result, error }) => {
        this.#waiting.delete(id);
        if (success) resolve(result);
        else reject(new Error(`${type}: ${error.message}`));
      });
      this.#socket.send(JSON.stringify({ id, type, ...members }));
    });
  }

  /** Collects events of a type from now on. */
  async listen(eventType) {
    const heard = [];
    const id = this.#nextId++;
    const ready = new Promise((resolve) => {
      this.#waiting.set(id, (message) => (message.type === 'event' ? heard.push(message.event.data) : resolve()));
    });
    this.#socket.send(JSON.stringify({ id, type: 'subscribe_events', event_type: eventType }));
    await ready;
    return heard;
  }

  /** Events of a command of the WebSocket API, until `isOver` says so of one; it may send bytes. */
  async follow(type, members, isOver) {
    const id = this.#nextId++;
    const send = (bytes) => this.#socket.send(bytes);
    const over = new Promise((resolve, reject) => {
      this.#waiting.set(id, (message) => {
        try {
          if (message.type === 'result' && !message.success) throw new Error(`${type}: ${message.error.message}`);
          if (message.type === 'event' && isOver(message.event, send)) resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
    this.#socket.send(JSON.stringify({ id, type, ...members }));
    await over;
    this.#waiting.delete(id);
  }

  /** Says yes to something it has found. */
  async confirm(flowId) {
    const { type } = await this.#post(`/api/config/config_entries/flow/${flowId}`, {});
    if (type !== 'create_entry') throw new Error(`what was found was not added: ${type}`);
  }

  /** Adds an integration as its dialog does: one object per step. */
  async addIntegration(handler, steps) {
    let step = await this.#post('/api/config/config_entries/flow', { handler });
    for (const data of steps) step = await this.#post(`/api/config/config_entries/flow/${step.flow_id}`, data);
    if (step.type !== 'create_entry') throw new Error(`${handler} was not added: ${JSON.stringify(step)}`);
  }

  /** `automations` takes the place of all there are. */
  async automate(automations) {
    writeFileSync(this.#path('automations.yaml'), JSON.stringify(automations)); // JSON is YAML
    await this.ask('call_service', { domain: 'automation', service: 'reload' });
  }

  async state(entityId) {
    return (await this.ask('get_states')).find((state) => state.entity_id === entityId);
  }

  #path(file) {
    return join(this.#root, 'config', file);
  }

  #url(path) {
    return `http://127.0.0.1:${this.#port}${path}`;
  }

  async #signUp() {
    const user = { name: 'Test', username: 'test', password: 'test-password', language: 'en', client_id: CLIENT };
    const { auth_code: code } = await this.#post('/api/onboarding/users', user);
    const response = await fetch(this.#url('/auth/token'), {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'authorization_code', code, client_id: CLIENT }),
    });
    const short = (await response.json()).access_token;
    this.#token = short;
    await this.connect();
    this.#token = await this.ask('auth/long_lived_access_token', { client_name: 'test', lifespan: 1 });
    this.#socket.terminate();
  }

  async #post(path, body) {
    const response = await fetch(this.#url(path), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(this.#token && { authorization: `Bearer ${this.#token}` }) },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 500)}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}

/** Waits until `isSo` returns something true, and returns that. */
export async function until(what, isSo, patienceMs = PATIENCE_MS) {
  const endMs = Date.now() + patienceMs;
  for (;;) {
    const result = await isSo();
    if (result) return result;
    if (Date.now() > endMs) throw new Error(`not so: ${what}`);
    await sleep(250);
  }
}
