// Runs what buildImages.mjs has built, in a network of its own (see ../image.mjs).
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { makeDemoAudio } from '../../demo/makeAudio.mjs';
import { root } from '../../setup/root.mjs';
import { Container } from './container.mjs';

const images = Object.fromEntries(JSON.parse(process.argv[2]).map((image) => [image.name, image]));
/** Where Home Assistant's ingress connects from. */
const INGRESS = '172.30.32.2';
const KEY = 'a-long-secret-of-the-soak-test';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-image-'));
const volume = (name) => {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
};
for (const words of [
  ['link', 'set', 'lo', 'up'],
  ['addr', 'add', `${INGRESS}/32`, 'dev', 'lo'],
]) {
  assert.equal(spawnSync('ip', words).status, 0);
}

const { enrolment, conversation } = makeDemoAudio(join(folder, 'audio'));
const answers = async (url, options) => (await fetch(url, options)).status < 500;
const ok = async (url) => (await fetch(url)).ok;

/** Time from `begin` on. */
const secondsSince = (begin) => ((performance.now() - begin) / 1_000).toFixed(1);

async function step(title, work) {
  const begin = performance.now();
  await work();
  console.log(`  ${title} (${secondsSince(begin)} s)`);
}

/** The conversation in another format, made by ffmpeg. */
function converted(name, ...options) {
  const file = join(folder, name);
  const { status, stderr } = spawnSync('ffmpeg', ['-y', '-loglevel', 'error', '-i', conversation, ...options, file]);
  assert.equal(status, 0, `${stderr}`);
  return readFileSync(file);
}

async function call(url, { body, type, key = KEY, method = 'POST' }) {
  const headers = { 'x-api-key': key, ...(type && { 'content-type': type }) };
  const response = await fetch(url, { method, headers, ...(body && { body }) });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${url}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

const namesIn = ({ segments }) => [...new Set(segments.map(({ speakerId }) => speakerId).filter(Boolean))].sort();
const everybody = enrolment.map(({ id }) => id).sort();

async function serves() {
  const data = volume('serve');
  const options = { volume: data, env: { VOICE_PRINTS_API_KEYS: `local:${KEY}` } };
  let container = new Container(images.serve, options);
  const url = 'http://127.0.0.1:8080';
  await step('starts', () => container.up(() => ok(`${url}/readyz`)));
  assert.equal(container.health(), 0);
  assert.match(container.statusOf('Uid'), /^10001\s/);
  assert.equal(Number.parseInt(container.statusOf('CapEff'), 16), 0);
  assert.notEqual(container.run('touch', '/opt/voice-prints/written').status, 0);
  assert.match(container.run('voice-prints', 'doctor').text, /runtime\s+ONNX Runtime .*native|native/i);
  await step('enrols', async () => {
    for (const { id, files } of enrolment) {
      for (const file of files) {
        await call(`${url}/v1/speakers/${id}/samples`, { body: readFileSync(file), type: 'audio/wav' });
      }
    }
  });
  const formats = [
    ['conversation.wav', 'audio/wav', readFileSync(conversation)],
    ['aac.m4a', 'audio/mp4', converted('aac.m4a', '-c:a', 'aac', '-b:a', '64k')],
    ['vorbis.ogg', 'audio/ogg', converted('vorbis.ogg', '-c:a', 'libvorbis')],
    ['wma.asf', 'audio/x-ms-wma', converted('wma.asf', '-c:a', 'wmav2')],
    ['opus.mkv', 'video/x-matroska', converted('opus.mkv', '-c:a', 'libopus', '-b:a', '32k')],
  ];
  for (const [name, type, body] of formats) {
    await step(`names the speakers of ${name}`, async () => {
      assert.deepEqual(namesIn(await call(`${url}/v1/identify`, { body, type })), everybody);
    });
  }
  console.log(`  memory of the process: ${Math.round(Number.parseInt(container.statusOf('VmRSS'), 10) / 1_024)} MB`);
  await step('stops', async () => assert.equal(await container.stop(), 0));
  container = new Container(images.serve, options);
  await step('starts again, with the same people', async () => {
    await container.up(() => ok(`${url}/readyz`));
    const { speakers } = await call(`${url}/v1/speakers`, { method: 'GET' });
    assert.deepEqual(speakers.map(({ speakerId, id }) => speakerId ?? id).sort(), everybody);
  });
  assert.equal(await container.stop(), 0);
}

/** A form as the page of the first flow sends it. */
function form(file, fields = {}) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  body.set('audio', new Blob([readFileSync(file)], { type: 'audio/wav' }), 'recording.wav');
  return { method: 'POST', body };
}

async function runsNodeRed() {
  const broker = spawn('mosquitto', ['-c', join(root, 'packaging/docker/mosquitto.conf')], { stdio: 'ignore' });
  const container = new Container(images['node-red'], { volume: volume('node-red') });
  const url = 'http://127.0.0.1:1880';
  try {
    await step('starts', () =>
      container.up(() => answers(`${url}/who-speaks`).then((is) => is && ok(`${url}/who-speaks`))),
    );
    assert.equal(container.health(), 0);
    assert.match(container.statusOf('Uid'), /^10001\s/);
    const client = await mqtt.connectAsync('mqtt://127.0.0.1:1883');
    await client.subscribeAsync('voice-prints/#');
    const published = new Promise((resolve) => {
      client.on('message', (topic, payload) => {
        if (topic === 'voice-prints/home/conversation') resolve(JSON.parse(`${payload}`));
      });
    });
    await step('enrols by the form of the first flow', async () => {
      for (const { id, name, files } of enrolment) {
        for (const file of files) {
          const response = await fetch(`${url}/voices`, form(file, { id, name, consent: 'asked for the soak test' }));
          assert.equal(response.status, 200, await response.text());
        }
      }
    });
    await step('names the speakers, as answer and over MQTT', async () => {
      const response = await fetch(`${url}/who-speaks`, form(conversation));
      assert.deepEqual(namesIn(await response.json()), everybody);
      assert.deepEqual(namesIn(await published), everybody);
    });
    await client.endAsync();
    console.log(`  memory of the process: ${Math.round(Number.parseInt(container.statusOf('VmRSS'), 10) / 1_024)} MB`);
    await step('stops', () => container.stop());
  } finally {
    broker.kill();
    await once(broker, 'exit');
  }
}

/** A request as the Supervisor passes it on: from its address, with its headers. */
async function throughIngress(path, { method = 'GET', body, type, user = 'c0ffee00c0ffee00c0ffee00c0ffee00' } = {}) {
  const headers = {
    host: 'homeassistant.local:8123',
    'x-ingress-path': '/api/hassio_ingress/token',
    ...(user && { 'x-remote-user-id': user, 'x-remote-user-name': 'ann', 'x-remote-user-display-name': 'Ann' }),
    ...(type && { 'content-type': type }),
  };
  const sent = request({ host: INGRESS, port: 8099, path, method, headers, localAddress: INGRESS, agent: false });
  sent.end(body);
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += piece;
  return { status: response.statusCode, headers: response.headers, text };
}

async function isHomeAssistantApp() {
  const data = volume('home-assistant');
  const options = { ingress_users_may: 'enrol', api_keys: [KEY], allow_hosts: [], log: 'error', mqtt: true };
  writeFileSync(join(data, 'options.json'), JSON.stringify(options));
  const broker = spawn('mosquitto', ['-c', join(root, 'packaging/docker/mosquitto.conf')], { stdio: 'ignore' });
  const asked = [];
  const supervisor = createServer(({ url, headers }, response) => {
    asked.push([url, headers.authorization]);
    const data = {
      host: 'core-mosquitto',
      port: 1883,
      ssl: false,
      username: 'addons',
      password: 'a-password',
      protocol: '3.1.1',
    };
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ result: 'ok', data }));
  });
  await once(supervisor.listen(80, INGRESS), 'listening');
  const container = new Container(images['home-assistant'], { volume: data, env: { SUPERVISOR_TOKEN: 'a-token' } });
  const url = 'http://127.0.0.1:8099';
  await step('starts', () => container.up(() => ok(`${url}/healthz`)));
  assert.equal(container.health(), 0);
  assert.match(container.statusOf('Uid'), /^10001\s+10001\s+10001\s/);
  assert.equal(container.statusOf('Groups'), '');
  assert.equal(Number.parseInt(container.statusOf('CapEff'), 16), 0);
  const page = await throughIngress('/');
  assert.match(page.text, /<html data-key="none"/);
  assert.match(page.headers['content-security-policy'], /frame-ancestors 'self'/);
  assert.equal((await throughIngress('/v1/speakers', { user: '' })).status, 401);
  assert.equal((await fetch(`${url}/v1/speakers`, { headers: { 'x-remote-user-id': 'c0ffee' } })).status, 401);
  await step('enrols for a user of Home Assistant, and names', async () => {
    const [{ id, files }] = enrolment;
    for (const file of files) {
      const sample = { method: 'POST', body: readFileSync(file), type: 'audio/wav' };
      assert.equal((await throughIngress(`/v1/speakers/${id}/samples`, sample)).status, 200);
    }
    const asked = { method: 'POST', body: readFileSync(conversation), type: 'audio/wav' };
    assert.deepEqual(namesIn(JSON.parse((await throughIngress('/v1/identify', asked)).text)), [id]);
    assert.equal((await throughIngress(`/v1/speakers/${id}`, { method: 'DELETE' })).status, 403);
  });
  const audit = readFileSync(join(data, 'voice-prints/audit.log'), 'utf8');
  assert.match(audit, /"actor":"user:c0ffee00c0ffee00c0ffee00c0ffee00"/);
  assert.doesNotMatch(audit, /ann/i);
  assert.doesNotMatch(container.output, /a-token|a-password|\bann\b/i);
  assert.deepEqual(asked, [['/services/mqtt', 'Bearer a-token']]);
  const client = await mqtt.connectAsync('mqtt://127.0.0.1:1883');
  const status = once(client, 'message');
  await client.subscribeAsync('speaker-id/status');
  assert.equal(`${(await status)[1]}`, 'online');
  await client.endAsync();
  await step('stops', async () => assert.equal(await container.stop(), 0));
  supervisor.close();
  broker.kill();
  await once(broker, 'exit');
}

try {
  for (const [title, work] of Object.entries({
    serve: serves,
    'node-red': runsNodeRed,
    'home-assistant': isHomeAssistantApp,
  })) {
    console.log(title);
    await work();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
