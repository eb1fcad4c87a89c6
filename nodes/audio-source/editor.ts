import {
  allOf,
  checksOf,
  chosen,
  hasChosen,
  isChosen,
  isTopicPart,
  isVariable,
  matches,
  when,
  wholeNumberFrom,
} from '../shared/editor/checks.js';
import { COMPUTED, entered, fillMissing, isChecked, makeTyped, styleOfName } from '../shared/editor/fields.js';
import type { AnyNode, Validator } from '../shared/editor/red.js';
import { textsOf } from '../shared/editor/texts.js';
import { openSourceTest } from './editor/sourceTest.js';

const LIVE_MODES: readonly unknown[] = ['rtsp', 'sip', 'microphone', 'http', 'rtp', 'udp', 'liveFile', 'pcm'];
const RAW_MODES: readonly string[] = ['file', 'message', 'liveFile', 'udp', 'pcm'];
/** Audio in messages comes to each Node-RED by itself. */
const SHARED_MODES = LIVE_MODES.filter((mode) => mode !== 'pcm');
const isLive = (mode: unknown): boolean => LIVE_MODES.includes(mode);

const text = textsOf('audio-source');
const check = checksOf(text);
const port = check('errors.port', wholeNumberFrom(0, 65_535));

const isHexadecimal = matches(/^(?:[0-9a-f]{2}:?){32}$/i);
const isFingerprint = (value: unknown) => !value || isVariable(value) || isHexadecimal(value);

/** Checks a field only where the dialog shows it: `modes` are the sources that use it. */
const usedBy = (modes: readonly unknown[], validate: Validator) => when(hasChosen('mode', ...modes), validate);
const rawOnly = (validate: Validator) => usedBy(RAW_MODES, when(isChosen('isRaw'), validate));
const isByPort = hasChosen('rtpBy', 'port');
const rtpOnly = (validate: Validator) => usedBy(['rtp'], when(isByPort, validate));

/** An address may come from elsewhere, or have no type in nodes of an earlier release. */
const isFixedUrl = (node: AnyNode) => (chosen(node, 'urlType') || 'str') === 'str';
const urlOf = (scheme: RegExp) => {
  const isUrl = matches(scheme);
  return check('errors.url', (value) => isVariable(value) || isUrl(value));
};

/** What the editor's addresses below `live` answer. */
interface Tools {
  readonly launcher: string | undefined;
  /** Installs what is missing; absent where nothing is. */
  readonly command?: string;
}
interface Microphone {
  readonly system: string;
  readonly device: string;
  readonly label: string;
}

/** What the host can do, and what to install for the rest. */
function showTools(): void {
  const box = $('#audio-source-tools');
  $.getJSON('voice-prints/live/tools')
    .done(({ launcher, command }: Tools) => {
      box.empty().append($('<div>').text(launcher ? text('tools.found', { launcher }) : text('tools.none')));
      if (command === undefined) return;
      box.append(
        $('<div>')
          .text(`${text('tools.missing')} `)
          .append($('<code>').text(command)),
      );
    })
    .fail(() => box.text(text('tools.unknown')));
}

/** The inputs of the host's sound system; the one that was chosen stays, plugged in or not. */
function showMicrophones(device: string): void {
  const list = $('#node-input-device').empty();
  const add = (value: string, label: string) => list.append($('<option>').val(value).text(label));
  add('', text('device.default'));
  if (device) add(device, device);
  list.val(device);
  $.getJSON('voice-prints/live/microphones').done((microphones: readonly Microphone[]) => {
    for (const { system, device: found, label } of microphones) {
      const value = `${system}:${found}`;
      const options = list.find<HTMLOptionElement>('option');
      if (value === device) options.filter((_, option) => option.value === device).text(label);
      else add(value, label);
    }
    if (microphones.length === 0) list.find('option').first().text(text('device.none'));
  });
}

/** Shows the fields of the chosen source. */
function showFields(): void {
  const mode = entered('#node-input-mode');
  $('#dialog-form [data-modes]').each(function () {
    $(this).toggle(String($(this).data('modes')).split(' ').includes(mode));
  });
  $('#audio-source-shared').toggle(isChecked('#node-input-isShared'));
  $('#audio-source-raw').toggle(RAW_MODES.includes(mode) && isChecked('#node-input-isRaw'));
  // A camera says by its address whether it speaks TLS; a telephone here.
  const isPlainTelephone = mode === 'sip' && entered('#node-input-sipTransport') !== 'tls';
  if (isPlainTelephone) $('#dialog-form [data-tls]').hide();
  else $('#dialog-form [data-tls]:not([data-modes])').show();
  const by = entered('#node-input-rtpBy');
  $('#audio-source-rtp-port').toggle(by === 'port');
  $('#audio-source-rtp-sdp').toggle(by !== 'port');
  $('#node-input-outputs').val(isLive(mode) ? 2 : 1);
}

/** A password in the address would travel with every export of the flow. */
function moveCredentials(): void {
  const field = $('#node-input-url');
  const address = /^(\w+:\/\/)([^/@\s]+)@(.*)$/.exec(field.typedInput('value'));
  if (field.typedInput('type') !== 'str' || !address) return;
  const [, scheme, account, rest] = address;
  const [user, ...password] = account!.split(':');
  field.typedInput('value', `${scheme}${rest}`);
  $('#node-input-user').val(plain(user!));
  if (password.length > 0) $('#node-input-password').val(plain(password.join(':')));
}

function plain(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/** Ends the test of the open dialog. */
let endTest = () => {};

RED.nodes.registerType('audio-source', {
  category: 'speaker identification',
  color: '#3FADB5',
  defaults: {
    name: {
      value: '',
      validate: usedBy(SHARED_MODES, when(isChosen('isShared'), check('errors.sharedName', Boolean))),
    },
    version: { value: 4 },
    mode: { value: 'file' },
    file: {
      value: '',
      validate: usedBy(
        ['file', 'liveFile'],
        allOf(check('errors.file', Boolean), RED.validators.typedInput('fileType')),
      ),
    },
    fileType: { value: 'str' },
    emits: { value: 'reference' },
    isStarting: { value: false },
    startDelayMs: { value: '500', validate: usedBy(['file'], check('errors.delay', wholeNumberFrom(0, 3_600_000))) },
    property: { value: 'payload', validate: usedBy(['message', 'pcm'], RED.validators.typedInput('propertyType')) },
    propertyType: { value: 'msg' },
    isBase64: { value: false },
    several: { value: 'each' },
    isRaw: { value: false },
    rawEncoding: { value: 's16le' },
    rawSampleRateHz: { value: '16000', validate: rawOnly(check('errors.rate', wholeNumberFrom(4_000, 192_000))) },
    rawChannels: { value: '1', validate: rawOnly(check('errors.channels', wholeNumberFrom(1, 32))) },
    isAutostart: { value: true },
    isShared: { value: false },
    store: { value: '', type: 'speaker-store', required: false },
    site: { value: '', validate: usedBy(LIVE_MODES, check('errors.site', isTopicPart)) },
    url: {
      value: '',
      validate: usedBy(
        ['rtsp', 'http'],
        when(
          isFixedUrl,
          when(hasChosen('mode', 'rtsp'), urlOf(/^rtsps?:\/\/[^/\s]/i), urlOf(/^https?:\/\/[^/\s]/i)),
          RED.validators.typedInput('urlType'),
        ),
      ),
    },
    urlType: { value: 'str' },
    transport: { value: 'tcp' },
    latencyMs: { value: '', validate: usedBy(['rtsp', 'rtp'], check('errors.latency', wholeNumberFrom(0, 10_000))) },
    isLooped: { value: false },
    rtpBy: { value: 'port' },
    rtpAddress: { value: '' },
    rtpPort: { value: '5004', validate: rtpOnly(port) },
    rtpEncoding: { value: 'PCMU' },
    rtpClockRateHz: { value: '', validate: rtpOnly(check('errors.clockRate', wholeNumberFrom(4_000, 192_000))) },
    rtpPayloadType: { value: '', validate: rtpOnly(check('errors.payloadType', wholeNumberFrom(0, 127))) },
    sdp: {
      value: '',
      validate: usedBy(
        ['rtp'],
        when((node) => !isByPort(node), check('errors.sdp', Boolean)),
      ),
    },
    udpAddress: { value: '' },
    udpPort: { value: '6055', validate: usedBy(['udp'], port) },
    udpSenders: { value: '', validate: usedBy(['udp'], check('errors.udpSenders', isTopicPart)) },
    device: { value: '' },
    sipAddress: { value: '' },
    sipPort: { value: '5060', validate: usedBy(['sip'], port) },
    sipPublicAddress: { value: '' },
    sipRegistrar: { value: '' },
    sipUser: {
      value: '',
      validate: usedBy(['sip'], when(isChosen('sipRegistrar'), check('errors.sipUser', Boolean))),
    },
    sipAuthUser: { value: '' },
    sipTarget: { value: '' },
    sipFrom: { value: '' },
    sipSrtp: { value: 'optional' },
    sipMaxCalls: { value: '20', validate: usedBy(['sip'], check('errors.calls', wholeNumberFrom(1, 1_000))) },
    sipTransport: { value: 'udp' },
    sipCertificate: { value: '' },
    sipKey: { value: '', validate: usedBy(['sip'], when(isChosen('sipCertificate'), check('errors.sipKey', Boolean))) },
    sipClientCertificates: { value: false },
    sipEarlyMedia: { value: false },
    tlsAuthorities: { value: '' },
    tlsFingerprint: {
      value: '',
      validate: usedBy(['rtsp', 'http', 'sip'], check('errors.tlsFingerprint', isFingerprint)),
    },
    rtpPortMin: { value: '', validate: usedBy(['sip'], port) },
    rtpPortMax: { value: '', validate: usedBy(['sip'], port) },
    outputs: { value: 1 },
  },
  credentials: { user: { type: 'text' }, password: { type: 'password' } },
  inputs: 1,
  outputs: 1,
  icon: 'voice-prints-source.svg',
  paletteLabel() {
    return this._('audio-source.palette');
  },
  label() {
    if (this.name) return this.name;
    if (isLive(this.mode) && this.mode !== 'liveFile') return this._(`audio-source.short.${this.mode}`);
    const isNamed = this.mode !== 'message' && this.fileType === 'str' && this.file;
    return isNamed ? isNamed.split(/[\\/]/).pop()! : this._('audio-source.palette');
  },
  labelStyle: styleOfName,
  inputLabels() {
    if (this.mode === 'message' || this.mode === 'pcm') return this._('audio-source.port.audio');
    return isLive(this.mode) ? this._('audio-source.port.command') : this._('audio-source.port.trigger');
  },
  outputLabels(index) {
    if (!isLive(this.mode)) return this._('audio-source.port.recording');
    return this._(index === 0 ? 'audio-source.port.stream' : 'audio-source.port.states');
  },
  oneditprepare() {
    fillMissing(this);
    makeTyped('file', ['str', ...COMPUTED]);
    makeTyped('property', ['msg', 'flow', 'global']);
    makeTyped('url', ['str', ...COMPUTED]);
    showMicrophones(this.device || '');
    showTools();
    $('#node-input-mode, #node-input-isRaw, #node-input-isShared, #node-input-rtpBy, #node-input-sipTransport').on(
      'change',
      showFields,
    );
    showFields();
    endTest = openSourceTest(this);
  },
  oneditsave() {
    endTest();
    moveCredentials();
  },
  oneditcancel: () => endTest(),
  button: {
    enabled() {
      return !this.changed;
    },
    visible() {
      return this.mode !== 'message' && this.mode !== 'pcm';
    },
    onclick() {
      const done = `audio-source.notify.${isLive(this.mode) ? 'switched' : 'started'}`;
      $.ajax({ url: `voice-prints/audio-source/${this.id}`, type: 'POST' })
        .done(() => RED.notify(this._(done), { type: 'success', timeout: 2000 }))
        .fail(({ status }) => {
          const key = status === 404 ? 'notDeployed' : status === 401 ? 'forbidden' : 'failed';
          RED.notify(this._(`audio-source.notify.${key}`), 'error');
        });
    },
  },
});
