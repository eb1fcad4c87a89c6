import {
  checksOf,
  hasChosen,
  isChosen,
  matches,
  numberFrom,
  optional,
  when,
  wholeNumberFrom,
} from '../shared/editor/checks.js';
import { entered, isChecked, styleOfName } from '../shared/editor/fields.js';
import type { AnyNode, Completion } from '../shared/editor/red.js';
import { urlOf } from '../shared/editor/stores.js';
import { textsOf } from '../shared/editor/texts.js';
import { showHealth } from './editor/health.js';
import { prepareKeys } from './editor/keys.js';
import { showPeople } from './editor/people.js';

const check = checksOf(textsOf('speaker-store'));
const isRestOn = isChosen('isRestOn');
const isStreamOn = isChosen('isStreamOn');
const isServed = (node: AnyNode) => isRestOn(node) || isStreamOn(node);

/** Shows the fields of the interfaces that are switched on, and their addresses. */
function showFields(): void {
  const [isRest, isStream, isGrpc] = [
    isChecked('#node-config-input-isRestOn'),
    isChecked('#node-config-input-isStreamOn'),
    isChecked('#node-config-input-isGrpcOn'),
  ];
  $('#speaker-store-audio').toggle(isChecked('#node-config-input-keepAudio'));
  $('#speaker-store-days').toggle(entered('#node-config-input-strangers') === 'days');
  $('.speaker-store-rest').toggle(isRest);
  $('.speaker-store-stream').toggle(isStream);
  $('.speaker-store-grpc').toggle(isGrpc);
  $('.speaker-store-http').toggle(isRest || isStream);
  $('.speaker-store-open').toggle(isRest || isStream || isGrpc);
  const root = (RED.settings.httpNodeRoot || '/').replace(/\/$/, '');
  const restPath = entered('#node-config-input-restPath') || '/voice-prints';
  const base = `${location.origin}${root}${restPath.replace(/^\/*/, '/').replace(/\/$/, '')}`;
  $('#speaker-store-url').text(`${base}/v1/speakers`);
  $('#speaker-store-page').text(`${base}/live`);
  const host = entered('#node-config-input-grpcHost') || '127.0.0.1';
  $('#speaker-store-grpc-address').text(`${host}:${entered('#node-config-input-grpcPort') || 50051}`);
}

/** Offers the speaker models that the host has for the store. */
const modelsFor =
  (store: string): Completion =>
  (typed, done) => {
    $.ajax({ url: 'voice-prints/models', data: { store }, dataType: 'json' })
      .done((models: readonly { readonly id: string }[]) => {
        done(models.filter(({ id }) => id.includes(typed)).map(({ id }) => ({ value: id, label: id })));
      })
      .fail(() => done([])); // free text still goes: a path needs no list
  };

function randomKey(): string {
  const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789'; // without look-alikes
  return Array.from(crypto.getRandomValues(new Uint32Array(32)), (word) => letters[word % letters.length]).join('');
}

RED.nodes.registerType('speaker-store', {
  category: 'config',
  defaults: {
    name: { value: '' },
    version: { value: 4 },
    folder: { value: '' },
    model: { value: '' },
    falseAcceptPercent: { value: '1' },
    workerThreads: { value: '', validate: check('errors.workerThreads', wholeNumberFrom(1, 64)) },
    keepAudio: { value: false },
    requireConsent: { value: false },
    strangers: { value: 'session' },
    unknownVoiceDays: {
      value: '30',
      validate: when(hasChosen('strangers', 'days'), check('errors.unknownVoiceDays', numberFrom(0, 3_650))),
    },
    isRestOn: { value: false },
    restPath: {
      value: '/voice-prints',
      validate: when(isServed, check('errors.restPath', optional(matches(/^\/?[\w.~/-]*$/)))),
    },
    isStreamOn: { value: false },
    isGrpcOn: { value: false },
    grpcHost: { value: '127.0.0.1' },
    grpcPort: {
      value: '50051',
      validate: when(isChosen('isGrpcOn'), check('errors.grpcPort', wholeNumberFrom(1, 65_535))),
    },
    grpcCertificate: { value: '' },
    grpcPrivateKey: { value: '' },
    trustedProxies: { value: '', validate: check('errors.trustedProxies', optional(matches(/^[\s\w.:/,]*$/))) },
  },
  credentials: {
    encryptionKey: { type: 'password' },
    apiKey: { type: 'password' },
    databaseUrl: { type: 'password' },
  },
  label() {
    return this.name || this._('speaker-store.palette');
  },
  labelStyle: styleOfName,
  oneditprepare() {
    // Stores of an older release have none of these yet.
    if (this.grpcHost === undefined) $('#node-config-input-grpcHost').val('127.0.0.1');
    if (this.grpcPort === undefined) $('#node-config-input-grpcPort').val('50051');
    if (this.strangers === undefined) {
      const hasDays = Number(this.unknownVoiceDays ?? 0) !== 0;
      $('#node-config-input-strangers').val(hasDays ? 'days' : 'session');
    }
    if (this.unknownVoiceDays === undefined) $('#node-config-input-unknownVoiceDays').val('30');
    $(
      '#node-config-input-isRestOn, #node-config-input-isStreamOn, #node-config-input-isGrpcOn, #node-config-input-keepAudio, #node-config-input-strangers',
    ).on('change', showFields);
    $('#node-config-input-restPath, #node-config-input-grpcHost, #node-config-input-grpcPort').on('input', showFields);
    $('#speaker-store-make-key').on('click', () => {
      // Shown, as it must be copied now: the editor never gets it back.
      const field = $('#node-config-input-apiKey').attr('type', 'text').val(randomKey());
      field.trigger('change').trigger('focus').trigger('select');
    });
    $('#node-config-input-model').autoComplete({ search: modelsFor(this.id) });
    showFields();
    prepareKeys(this.id);
    showHealth(this.id, $('#speaker-store-health'));
    showPeople(this.id, $('#speaker-store-people'));
    $.ajax({ url: urlOf(this.id, 'model'), dataType: 'json' }).done(({ id }: { readonly id: string }) => {
      $('#speaker-store-model').text(this._('speaker-store.people.model', { id }));
    });
  },
});
