import { randomUUID } from 'node:crypto';
import { allowedHosts } from '../../core/allowedHosts.js';
import { present } from '../../core/present.js';
import { printableJson } from '../../display/printable.js';
import { type EventContext, liveSpeakerEvent } from '../../events/index.js';
import { type Engine, type LiveSession, VoicePrintsError } from '../../index.js';
import { type LiveAudio, type LiveSource, openLive, openUdp, parseLiveSource, type StreamState } from '../../live.js';
import { isSipLine } from '../../sources/sipLine.js';
import type { Command, ParsedArguments, Terminal } from '../command.js';
import { falseAcceptOf, falseAcceptOption } from '../options/falseAccept.js';
import { mqttOptions } from '../options/mqttOptions.js';
import { openEngine, strangersOption } from '../options/openEngine.js';
import { hasFlag, listOption, textOption, usageError } from '../options/parseCommandLine.js';
import { rawFormatOf, rawFormatOptions } from '../options/rawFormat.js';
import { sipAudio, sipLineOf, sipOptions } from '../options/sipAudio.js';
import { sourceTlsOf, sourceTlsOptions } from '../options/sourceTls.js';
import { LiveView } from '../output/liveView.js';
import { openWatchMqtt, type WatchMqtt } from './watchMqtt.js';

export const watch: Command = {
  name: 'watch',
  summary: 'Name the voices of a live stream while they speak',
  operands: 'SOURCE',
  arity: [1, 1],
  options: {
    speakers: { value: 'A,B', about: 'Only these ids (default: everyone enrolled)' },
    ...falseAcceptOption,
    ...strangersOption,
    site: { value: 'NAME', about: 'Name of the place, for the events (default: live)' },
    final: { about: 'Print final events only, no tentative ones' },
    ...rawFormatOptions,
    ...sourceTlsOptions,
    ...sipOptions,
    ...mqttOptions,
  },
  example: `voice-prints watch rtsp://user:password@camera.local/stream
voice-prints watch mic:
voice-prints watch rtsp://camera.local/stream --site hall --mqtt mqtt://broker.local --mqtt-discovery homeassistant
voice-prints watch udp:6055
arecord -f S16_LE -r 16000 -t raw | voice-prints watch - --json`,
  notes: `SOURCE is a file (played in real time), rtsp://…, http(s)://… (web radio, HLS), rtp://ADDRESS:PORT?encoding=PCMU,
udp://ADDRESS:PORT (an MPEG transport stream, in RTP or without), udp:PORT (headerless samples of voice satellites, s16le
at 16 kHz mono: each sender is a stream of its own, with its address after the site; udp:PORT?from=ADDRESS is one of them),
mic: (or mic:pulse/NAME, mic:alsa/hw:0), or - for headerless samples on standard input (s16le at 16 kHz, or as --encoding,
--rate and --channels say). Telephone calls: sip:0.0.0.0:5060 waits for them, sip:USER@REGISTRAR registers first (password in
VOICE_PRINTS_SIP_PASSWORD), sip:call:USER@HOST calls; one call at a time. sips: does so over TLS, with --cert and --key
where calls come in (password of the key: VOICE_PRINTS_TLS_KEY_PASSWORD); see docs/telephony.md. Cameras and servers with
certificates of their own: --ca or --fingerprint. Runs until the source ends or Ctrl-C; a camera that fails is tried again.
A name with a question mark may still change. With --json every event is one JSON object per line: identified, uncertain,
unknown and rejected once per turn, at its end; tentative before it; relabel when earlier turns turn out to be another
speaker's; stream, dropped and degraded about the stream itself. With --mqtt the same events go to a broker, on the topics of
docs/events.md; user and password come from VOICE_PRINTS_MQTT_USER and VOICE_PRINTS_MQTT_PASSWORD or --mqtt-credentials.`,
  async run(args, terminal) {
    const streams = await streamsOf(args, terminal);
    await using engine = await openEngine(args, terminal, { rememberTurns: true });
    // One client for all senders; a wrong option is reported at once, not with the first of them.
    await using mqtt = await openWatchMqtt(args, terminal, engine);
    using view = new LiveView(args, terminal);
    const running = new Set<Promise<void>>();
    const failed = new AbortController();
    const signal = AbortSignal.any([terminal.signal, failed.signal]);
    try {
      for await (const stream of streams(signal)) {
        const ended = watchOne(stream, { args, terminal, engine, view, signal, mqtt });
        running.add(ended);
        ended.catch((error: unknown) => failed.abort(error)).finally(() => running.delete(ended));
      }
      await Promise.all(running);
    } catch (error) {
      if (!terminal.signal.aborted) throw error; // Ctrl-C is the normal end of watching
    }
    if (failed.signal.aborted && !terminal.signal.aborted) throw failed.signal.reason;
  },
};

interface WatchedStream {
  readonly audio: LiveAudio;
  /** Of its events. */
  readonly site: string;
  /** Precedes its lines, where there are several streams. */
  readonly label?: string;
}

type OpenStreams = (signal: AbortSignal) => AsyncIterable<WatchedStream>;

/** The streams of the source: one, or each sender of a UDP port. Throws USAGE, INPUT_INVALID, FILE_*, CONFIG_INVALID. */
async function streamsOf(args: ParsedArguments, terminal: Terminal): Promise<OpenStreams> {
  const text = args.positionals[0]!;
  const site = textOption(args, 'site') ?? 'live';
  const { stdin, env } = terminal;
  if (isSipLine(text)) {
    const line = await sipLineOf(args, terminal);
    return async function* (signal) {
      yield { audio: sipAudio(line, signal), site };
    };
  }
  const unusable = Object.keys(sipOptions).find((name) => args.values[name] !== undefined);
  if (unusable) throw usageError(`--${unusable} is for telephone calls; leave it out`);
  const source = await sourceOf(args, terminal);
  if (source.kind === 'udp' && source.from === undefined) {
    return async function* (signal) {
      for await (const { address, audio } of await openUdp(source, { signal })) {
        yield { audio, site: `${site}-${address}`, label: address };
      }
    };
  }
  return async function* (signal) {
    yield { audio: openLive(source, { signal, stdin, allowHosts: allowedHosts(env) }), site };
  };
}

interface Watching {
  readonly args: ParsedArguments;
  readonly terminal: Terminal;
  readonly engine: Engine;
  readonly view: LiveView;
  readonly signal: AbortSignal;
  readonly mqtt: WatchMqtt | undefined;
}

/** Prints the events of one stream until it ends. Throws the failure that ended it. */
async function watchOne({ audio, site, label }: WatchedStream, watching: Watching): Promise<void> {
  const { args, engine, signal, mqtt } = watching;
  const sessionId = randomUUID();
  const speakerIds = listOption(args, 'speakers');
  const falseAcceptPercent = falseAcceptOf(args);
  await using session = engine.watch({ audio, sessionId, signal, ...present({ speakerIds, falseAcceptPercent }) });
  mqtt?.opened(session, site);
  const context = { site, sessionId, model: engine.model.id, threshold: engine.acceptScore(falseAcceptPercent) };
  try {
    await printEvents(session, context, label, watching);
  } finally {
    mqtt?.closed(session);
  }
}

/** The source given on the command line; `--encoding` describes headerless samples. Throws USAGE, INPUT_INVALID. */
async function sourceOf(args: ParsedArguments, terminal: Terminal): Promise<LiveSource> {
  const source = parseLiveSource(args.positionals[0]!);
  const { trust, own } = await sourceTlsOf(args, terminal);
  const isFetched = source.kind === 'rtsp' || source.kind === 'http';
  if (own) throw usageError('--cert and --key are for telephone calls (sips:); leave them out');
  if (trust && !isFetched) throw usageError('--ca and --fingerprint are for rtsps, https and sips; leave them out');
  if (trust && isFetched) return { ...source, trust };
  const rawFormat = rawFormatOf(args);
  if (source.kind === 'stdin' && terminal.stdin.isTTY) {
    throw usageError('standard input is a terminal; pipe samples in, or name a source');
  }
  if (!rawFormat) return source;
  if (['stdin', 'file', 'udp'].includes(source.kind)) return { ...source, rawFormat } as LiveSource;
  throw usageError('--encoding describes headerless samples of a file, of UDP or of standard input; leave it out');
}

/** Prints events until the stream ends. Throws the failure that ended it, if any. */
async function printEvents(
  session: LiveSession,
  context: EventContext,
  label: string | undefined,
  { args, terminal, view, mqtt }: Watching,
): Promise<void> {
  let last: StreamState | undefined;
  for await (const event of session.events()) {
    if (event.type === 'state') last = event.state;
    const line = liveSpeakerEvent(event, context);
    mqtt?.hear(line, session);
    if (event.type === 'turn' && !event.turn.isFinal && hasFlag(args, 'final')) continue;
    if (hasFlag(args, 'json')) terminal.stdout.write(`${printableJson(line)}\n`);
    else view.show(event, label);
  }
  if (last?.status === 'ended' && last.code !== undefined) {
    throw new VoicePrintsError(last.code, last.message ?? 'the source ended with an error; check it');
  }
}
