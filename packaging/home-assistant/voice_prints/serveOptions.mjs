/** Address from which the Supervisor's ingress connects; Home Assistant's documents name it. */
const INGRESS_ADDRESS = '172.30.32.2';

/** Where the app serves Wyoming, within the network of the Supervisor. */
export const WYOMING_PORT = 10300;

const SCOPES = { identify: 'identify', enrol: 'enrol,identify', admin: 'admin' };

/**
 * What `voice-prints` is started with, from the options of the app and the broker the Supervisor names, if there is one: arguments, and
 * variables of the environment, which, unlike arguments, are not shown by `ps`.
 */
export function serveOptions(options, broker) {
  const { ingress_users_may, api_keys = [], allow_hosts = [], log, encryption_key = '', speech_to_text } = options;
  const args = [
    'serve',
    ...['--host', '0.0.0.0', '--port', '8099', '--grpc-port', 'off'],
    ...['--trusted-ingress', INGRESS_ADDRESS, '--ingress-scopes', SCOPES[ingress_users_may] ?? SCOPES.identify],
    ...['--log', log ?? 'error'],
    ...(broker ? ['--mqtt', addressOf(broker), '--mqtt-discovery', 'homeassistant'] : []),
    ...(speech_to_text
      ? ['--wyoming', `tcp://0.0.0.0:${WYOMING_PORT}`, '--wyoming-asr', `tcp://${speech_to_text}`]
      : []),
  ];
  const variables = {
    VOICE_PRINTS_API_KEYS: api_keys.map((key) => `local:${key}`).join(','),
    VOICE_PRINTS_ALLOWED_HOSTS: allow_hosts.join(','),
    VOICE_PRINTS_KEY: encryption_key,
    VOICE_PRINTS_MQTT_USER: broker?.username ?? '',
    VOICE_PRINTS_MQTT_PASSWORD: broker?.password ?? '',
  };
  return { args, env: Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== '')) };
}

const addressOf = ({ host, port, ssl }) => `${ssl ? 'mqtts' : 'mqtt'}://${host}:${port}`;
