// The test itself, in a network of its own: `node runAssistant.mjs ROOT_OF_HOME_ASSISTANT`
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import { freePort } from '../../setup/freePort.mjs';
import { Assistant, until } from './assistant.mjs';
import { speakCommand, startRecognizer } from './voiceCommand.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const cli = join(root, 'dist/src/cli/main.js');
const blueprint = join(root, 'examples/home-assistant/person-speaks.yaml');
const audio = (name) => join(root, 'examples/audio', `${name}.ogg`);
const PEOPLE = [
  ['nora', 'Nora'],
  ['hugo', 'Hugo'],
];
const ENTITIES = [
  'binary_sensor.speakers_kitchen_speech',
  'event.speakers_kitchen_turn',
  'sensor.speakers_kitchen_confidence',
  'sensor.speakers_kitchen_speaker',
];

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-soak-'));
const closers = [() => rmSync(folder, { recursive: true, force: true })];
const step = (text) => console.log(`  ${text}`);

function assert(isSo, what, shown) {
  if (isSo) return step(what);
  throw new Error(`not so: ${what}${shown === undefined ? '' : `: ${JSON.stringify(shown)}`}`);
}

function voicePrints(...args) {
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args, '--store', join(folder, 'store')], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${args[0]}: ${stderr}`);
}

/** A network card that leads nowhere: services are announced on those that could reach others. */
function openNetwork() {
  for (const line of [
    'link set lo up',
    'link add v0 type veth peer name v1',
    'addr add 10.9.0.1/24 dev v0',
    'link set v1 up',
    'link set v0 up',
    'route add default dev v0',
  ]) {
    if (spawnSync('ip', line.split(' '), { stdio: 'inherit' }).status !== 0) throw new Error(`ip ${line} failed`);
  }
}

/** `serve` with the kitchen as its one source, and as a Wyoming server before this speech-to-text service. */
async function serve(brokerPort, recognizerPort) {
  const options = [
    ...['serve', '--store', join(folder, 'store'), '--port', '0', '--sources', join(folder, 'sources.yaml')],
    ...['--mqtt', `mqtt://127.0.0.1:${brokerPort}`, '--mqtt-discovery', 'homeassistant', '--mqtt-commands'],
    ...['--mqtt-presence', '5', '--wyoming', `tcp://0.0.0.0:${await freePort()}`, '--wyoming-announce'],
    ...['--wyoming-asr', `tcp://127.0.0.1:${recognizerPort}`],
  ];
  const child = spawn(process.execPath, [cli, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  closers.push(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

async function end(child, signal) {
  const ended = once(child, 'close');
  child.kill(signal);
  await ended;
}

async function main() {
  openNetwork();
  const hass = process.argv[2];
  const [brokerPort, assistantPort] = [await freePort(), await freePort()];
  const mosquitto = spawn('mosquitto', ['-p', String(brokerPort)], { stdio: 'ignore' });
  closers.push(() => mosquitto.kill());
  const recognizer = await startRecognizer('who gives this command');
  closers.push(() => recognizer.close());
  const assistant = new Assistant(hass, assistantPort);
  closers.push(() => assistant.stop());
  await assistant.setUp([blueprint]);
  step(`Home Assistant ${(await assistant.ask('get_config')).version} runs`);
  const other_settings = { set_client_cert: false, set_ca_cert: 'off' };
  await assistant.addIntegration('mqtt', [{ broker: '127.0.0.1', port: brokerPort, other_settings }]);
  const mqtt = await connectAsync(`mqtt://127.0.0.1:${brokerPort}`);
  closers.push(() => mqtt.endAsync(true));
  const command = (action, site) =>
    mqtt.publishAsync(`speaker-id/${site ? `${site}/` : ''}command`, JSON.stringify({ action }), { qos: 1 });

  for (const [id, name] of PEOPLE) voicePrints('enroll', id, audio(id), '--name', name);
  writeFileSync(
    join(folder, 'sources.yaml'),
    `sources:\n  door:\n    site: kitchen\n    source: ${audio('conversation')}\n`,
  );
  let server = await serve(brokerPort, recognizer.port);

  const ours = async () =>
    (await assistant.ask('config/entity_registry/list'))
      .filter(({ platform, entity_id: id }) => platform === 'mqtt' && id.includes('kitchen'))
      .map(({ entity_id: id }) => id)
      .sort();
  await until('the device is found', async () => (await ours()).length >= ENTITIES.length);
  assert(JSON.stringify(await ours()) === JSON.stringify(ENTITIES), 'the entity ids are those proposed', await ours());

  const deviceOf = async () =>
    (await assistant.ask('config/device_registry/list')).find(({ name }) => name === 'Speakers kitchen');
  const device = (await deviceOf()).id;
  const triggers = async () =>
    (await assistant.ask('device_automation/trigger/list', { device_id: device }))
      .filter(({ domain }) => domain === 'mqtt')
      .map(({ type, subtype }) => `"${subtype}" ${type}`)
      .sort();
  const wanted = ['"Hugo" speaks', '"Nora" speaks', '"known person" speaks', '"unknown voice" speaks'];
  await until('the triggers are found', async () => (await triggers()).length === wanted.length);
  assert(JSON.stringify(await triggers()) === JSON.stringify(wanted), 'each person is a trigger', await triggers());

  const heard = await assistant.listen('test_heard');
  const tell = (by, who) => ({ event: 'test_heard', event_data: { by, who } });
  await assistant.automate([
    {
      id: 'blueprint',
      alias: 'blueprint',
      use_blueprint: {
        path: 'voice-prints/person-speaks.yaml',
        input: {
          ...{ turns: ['event.speakers_kitchen_turn'], people: ['Nora'], pause: 0, least_confidence: 50 },
          actions: [tell('blueprint', '{{ speaker }} in the {{ site }}')],
        },
      },
    },
    {
      id: 'trigger',
      alias: 'trigger',
      triggers: [
        { trigger: 'device', domain: 'mqtt', device_id: device, type: 'speaks', subtype: 'Hugo', discovery_id: '' },
        {
          ...{ trigger: 'device', domain: 'mqtt', device_id: device, type: 'speaks', subtype: 'unknown voice' },
          discovery_id: '',
        },
      ],
      actions: [tell('trigger', '{{ trigger.payload_json.speaker or trigger.payload_json.event_type }}')],
      mode: 'queued',
    },
    {
      id: 'assistant',
      alias: 'assistant',
      triggers: [{ trigger: 'conversation', command: ['who gives this command'] }],
      actions: [
        {
          set_conversation_response:
            "{{ state_attr('sensor.speakers_assistant_speaker', 'last').speaker or 'I do not know' }}",
        },
      ],
    },
  ]);
  const who = (by) => [...new Set(heard.filter((one) => one.by === by).map((one) => one.who))].sort();
  await command('stop', 'kitchen');
  await until('the source has stopped', async () => (await assistant.state(ENTITIES[3]))?.state === 'unavailable');
  heard.length = 0;
  await command('start', 'kitchen');
  await until('Nora and Hugo were heard', () => who('blueprint').length > 0 && who('trigger').includes('Hugo'));
  assert(
    JSON.stringify(who('blueprint')) === '["Nora in the kitchen"]',
    'the blueprint runs for Nora only',
    who('blueprint'),
  );
  await until('the visitor was heard', () => who('trigger').includes('unknown'));
  step('device triggers fire for Hugo and for an unknown voice');
  const confidence = Number((await assistant.state('sensor.speakers_kitchen_confidence')).state);
  assert(confidence >= 0 && confidence <= 100, 'the confidence is a percentage', confidence);

  const found = await until('Home Assistant finds the Wyoming server', async () =>
    (await assistant.ask('config_entries/flow/progress')).find(({ handler }) => handler === 'wyoming'),
  );
  await assistant.confirm(found.flow_id);
  step('Home Assistant finds the Wyoming server by itself');
  for (const [id, name] of PEOPLE) {
    const answer = await speakCommand(assistant, audio(id));
    assert(answer === name, `its assistant answers ${name} by name`, answer);
  }

  await until('the recording is over', async () => (await assistant.state(ENTITIES[3]))?.state === 'unavailable');
  await assistant.stop();
  await assistant.start();
  await assistant.connect();
  const again = await assistant.listen('test_heard');
  await until('the entities are back', async () => (await assistant.state(ENTITIES[3])) !== undefined);
  assert(JSON.stringify(await ours()) === JSON.stringify(ENTITIES), 'a restart of Home Assistant keeps the ids');
  await until('the triggers are back', async () => (await triggers()).length === wanted.length);
  await command('start', 'kitchen'); // available again, with the last turn
  await until('the site is available', async () => (await assistant.state(ENTITIES[3]))?.state === 'nobody');
  await command('stop', 'kitchen');
  await sleep(1_000); // what does not come cannot be waited for
  assert(again.length === 0, 'nothing runs again because of the restart', again);

  await command('start', 'kitchen');
  await until('the site is available', async () => (await assistant.state(ENTITIES[3]))?.state !== 'unavailable');
  await end(server, 'SIGKILL');
  await until(
    'a crash makes it unavailable',
    async () => (await assistant.state(ENTITIES[3]))?.state === 'unavailable',
  );
  step('a crash makes the device unavailable');
  server = await serve(brokerPort, recognizer.port);
  await until('it is back', async () => (await assistant.state(ENTITIES[3]))?.state !== 'unavailable');
  assert(JSON.stringify(await ours()) === JSON.stringify(ENTITIES), 'a restart of serve keeps the ids');

  voicePrints('speakers', 'delete', 'hugo');
  await until('his trigger is gone', async () => !(await triggers()).includes('"Hugo" speaks'));
  step('an erased person is no trigger any more');
  await command('remove', 'kitchen');
  await until('the device is gone', async () => (await deviceOf()) === undefined);
  assert((await ours()).length === 0, 'remove takes the device away');
  await end(server, 'SIGTERM');
}

try {
  await main();
} finally {
  for (const close of closers.reverse()) await close();
}
