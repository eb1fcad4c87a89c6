import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { TrustedIngressOptions } from '../../api/access/trustedIngress.js';
import type { FailureReport } from '../../api/calls/call.js';
import type { RunningGrpcServer } from '../../api/grpc/serveGrpc.js';
import type { ServerLog } from '../../api/serverLog.js';
import type { RunningWyomingServer } from '../../api/wyoming/serveWyoming.js';
import { allowedHosts } from '../../core/allowedHosts.js';
import { onCaughtFault } from '../../core/guarded.js';
import { present } from '../../core/present.js';
import { openTracing } from '../../tracing/openTracing.js';
import type { Command, ParsedArguments, Terminal } from '../command.js';
import { mqttChoice, mqttOptions } from '../options/mqttOptions.js';
import { openEngine, segmentationOption, strangersOption } from '../options/openEngine.js';
import { hasFlag, numberOption, textOption, usageError } from '../options/parseCommandLine.js';
import { remark } from '../output/output.js';
import { fleetMeasures, openFleetCounts } from './fleetMeasures.js';
import { LastNet } from './lastNet.js';
import { fleetSources, openServeFleet } from './serveFleet.js';
import { grpcOptions, serveGrpcToo } from './serveGrpc.js';
import { openServeLive, sourcesChoice, sourcesOptions } from './serveLive.js';
import { rolesOf, rolesOptions } from './serveRoles.js';
import { tlsOfServe, tlsOptions } from './serveTls.js';
import { serveWyomingToo, wyomingChoice, wyomingOptions } from './serveWyoming.js';
import { STOP_WITHIN_S, StopLimit } from './stopLimit.js';

/** Part of the time for stopping in which active calls and streams may finish. */
const GRACE = 0.4;

export const serve: Command = {
  name: 'serve',
  summary: 'Serve REST, gRPC and WebSocket without Node-RED, until Ctrl-C',
  operands: '',
  arity: [0, 0],
  options: {
    host: { value: 'HOST', about: 'Address to listen on (default 127.0.0.1: this machine only)' },
    port: { value: 'PORT', about: 'Port to listen on; 0 takes a free one (default 8080)' },
    ...rolesOptions,
    ...tlsOptions,
    ...grpcOptions,
    ...wyomingOptions,
    'cors-origins': {
      value: 'ORIGIN,…',
      about: 'Web pages that may call REST from a browser, such as https://app.example.org (default: none)',
    },
    'trusted-proxies': {
      value: 'ADDRESS,…',
      about: 'Proxies whose X-Forwarded-For is trusted: addresses, networks (10.0.0.0/8) or loopback (default: none)',
    },
    'trusted-ingress': {
      value: 'ADDRESS',
      about:
        'Gateway that has authenticated its users and names them in X-Remote-User-Id, such as 172.30.32.2 of Home Assistant: they need no key (default: none)',
    },
    'ingress-scopes': {
      value: 'SCOPE,…',
      about: 'What its users may do in the tenant "local": enrol, identify, admin (default enrol,identify)',
    },
    ...sourcesOptions,
    ...mqttOptions,
    ...segmentationOption,
    log: { value: 'LEVEL', about: 'On standard error, as JSON lines: info (every call), error (default) or silent' },
    ...strangersOption,
    'keep-audio': { about: 'Keep the speech of accepted enrolment samples: biometric raw data; see enroll --help' },
    'require-consent': {
      about: 'Refuse enrolments of people for whom no consent was recorded',
    },
    'stop-within': {
      value: 'SECONDS',
      about: `After Ctrl-C or SIGTERM the process ends within this time; calls may finish in its first two fifths (default ${STOP_WITHIN_S})`,
    },
    'drain-wait': {
      value: 'SECONDS',
      about:
        'After SIGTERM calls are still taken for so long, while /readyz answers 503 and balancers look elsewhere (default 0)',
    },
    'key-file': { value: 'FILE', about: 'API keys, a line each: tenant:key or tenant:sha256:HEX' },
  },
  example: `VOICE_PRINTS_API_KEYS=local:a-long-secret voice-prints serve --port 8080
curl 'http://127.0.0.1:8080/v1/speakers' -H 'Authorization: Bearer a-long-secret'
VOICE_PRINTS_MQTT_USER=voice VOICE_PRINTS_MQTT_PASSWORD=… voice-prints serve --mqtt mqtts://broker.local --mqtt-discovery homeassistant`,
  notes: `Prints one line, {"rest":"http://…","grpc":"127.0.0.1:50051"}, once it listens.
The first address opened in a browser is the console: sign in with a key, enrol by speaking, see who speaks (docs/console.md).
Keys are those of "voice-prints keys", and those of --key-file or else VOICE_PRINTS_API_KEYS=tenant:key,tenant:key.
Without any key, one for the tenant "local" (the people of the command line) is created: the line shows it once
as "apiKey"; the store keeps its digest. None is created with --trusted-ingress.
With --sources it listens to cameras, lines and microphones by itself. With --mqtt the events of these and of live streams (of the tenant "local") go to a broker, on the topics of docs/events.md.
User and password come from VOICE_PRINTS_MQTT_USER and VOICE_PRINTS_MQTT_PASSWORD, or from --mqtt-credentials.`,
  async run(args, terminal) {
    const { env, signal } = terminal;
    // Loaded here, since only this command needs Express.
    const [{ serve: startServer }, { parseOrigins }, { serveKeys }, { serveJobs }] = await Promise.all([
      import('../../api/serve.js'),
      import('../../api/calls/cors.js'),
      import('./serveKeys.js'),
      import('./serveJobs.js'),
    ]);
    const tls = await tlsOfServe(args);
    const port = numberOption(args, 'port', { least: 0, most: 65_535, isWhole: true });
    const host = textOption(args, 'host');
    const corsOrigins = parseOrigins(textOption(args, 'cors-origins') ?? env.VOICE_PRINTS_CORS_ORIGINS ?? '');
    const withinMs = 1_000 * (numberOption(args, 'stop-within', { least: 1, most: 3_600 }) ?? STOP_WITHIN_S);
    const graceMs = GRACE * withinMs;
    const drainMs = 1_000 * (numberOption(args, 'drain-wait', { least: 0, most: 3_600 }) ?? 0);
    if (drainMs + graceMs >= withinMs)
      throw usageError('--drain-wait is too long for --stop-within; allow more with that');
    const log = await openLog(args, terminal);
    const roles = rolesOf(args, { isShared: Boolean(env.VOICE_PRINTS_DATABASE_URL) });
    // Before anything is opened: a store and its jobs are not to be held for options that are wrong.
    const broker = await mqttChoice(args, env);
    const voiceAssistants = wyomingChoice(args);
    const sources = await sourcesChoice(args, env);
    const tracing = openTracing(env, (message) => remark(args, terminal, message));
    await tracing.ready;
    using net = new LastNet(log);
    const stopping = AbortSignal.any([signal, net.signal]);
    using limit = new StopLimit({ stopping, withinMs, log });
    await using engine = await openEngine(args, terminal, {
      keepAudio: hasFlag(args, 'keep-audio'),
      rememberTurns: true,
    });
    using _store = limit.before('the store and the models');
    await using served = await serveKeys(env, {
      keyFile: textOption(args, 'key-file'),
      trustedProxies: textOption(args, 'trusted-proxies'),
      trustedIngress: trustedIngress(args),
      place: engine.place,
      isMaking: roles.has('api'),
    });
    using _faults = faultsTo(log);
    const { check, madeKey, ring } = served;
    ring.follow({
      onFailure: (error) => remark(args, terminal, `the API keys were not reloaded: ${(error as Error).message}`),
    });
    const allowHosts = allowedHosts(env);
    const onFailure = (failure: FailureReport) => log.failure(failure);
    await using jobs = await serveJobs(args, terminal, { engine, allowHosts, gate: check.gate, roles, tracing, log });
    using _jobs = limit.before('the jobs');
    await using fleet = await openServeFleet({ engine, roles, log });
    using _fleet = limit.before('the leases');
    await using counts = await openFleetCounts(engine.place);
    await using live = await openServeLive(args, terminal, { engine, log, broker, sources, fleet });
    using _live = limit.before('the sources and the broker');
    const server = await startServer({
      ...check,
      engine,
      tracing,
      isAnswering: roles.has('api'),
      draining: stopping,
      jobs: jobs?.open,
      corsOrigins,
      tls,
      graceMs,
      measures: async () => [...(live?.measures() ?? []), ...(await fleetMeasures(fleet, counts))],
      sources: () => (fleet ? fleetSources(live?.sources() ?? [], fleet) : (live?.sources() ?? [])),
      ...(live && { observer: live.observer }),
      ...present({ host, port, assertReady: fleet?.assertReached }),
      options: { allowHosts, onCall: (report) => log.call(report), onFailure },
    });
    let grpc: RunningGrpcServer | undefined;
    let wyoming: RunningWyomingServer | undefined;
    try {
      if (roles.has('api')) {
        grpc = await serveGrpcToo(args, terminal, { ...check, engine, host, onFailure, graceMs, tracing });
      }
      wyoming = await serveWyomingToo(voiceAssistants, { engine, onFailure, publisher: live?.surface });
      const made = madeKey === undefined ? {} : { apiKey: madeKey };
      terminal.stdout.write(
        `${JSON.stringify({ rest: server.url, ...present({ grpc: grpc?.address, wyoming: wyoming?.address }), ...made })}\n`,
      );
      if (madeKey !== undefined) {
        remark(
          args,
          terminal,
          `This API key is shown once: keep it. The console is at ${server.url}; sign in with the key.`,
        );
      }
      if (!stopping.aborted) await once(stopping, 'abort');
    } finally {
      limit.closing('the servers');
      const drained = live?.drain(); // others listen from now on
      await delay(drainMs);
      await Promise.all([drained, server.close(), grpc?.close(), wyoming?.close()]);
    }
    net.assertHeld();
  },
};

/** Throws USAGE where scopes are given without the gateway they are for. */
function trustedIngress(args: ParsedArguments): TrustedIngressOptions | undefined {
  const address = textOption(args, 'trusted-ingress');
  const scopes = textOption(args, 'ingress-scopes');
  if (address === undefined && scopes !== undefined)
    throw usageError('--ingress-scopes is for --trusted-ingress; give both');
  return address === undefined ? undefined : { address, scopes };
}

const faultsTo = (log: ServerLog): Disposable => {
  const stop = onCaughtFault((fault) => log.fault(fault));
  return { [Symbol.dispose]: stop };
};

/** Throws USAGE for an unknown level. */
async function openLog(args: ParsedArguments, { stderr }: Terminal): Promise<ServerLog> {
  const { LOG_LEVELS, ServerLog } = await import('../../api/serverLog.js');
  const text = textOption(args, 'log') ?? 'error';
  const level = LOG_LEVELS.find((known) => known === text);
  if (!level) throw usageError(`--log ${text} is not known; use ${LOG_LEVELS.join(', ')}`);
  return new ServerLog(level, stderr);
}
