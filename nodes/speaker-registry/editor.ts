import { allOf, checksOf, hasChosen, when } from '../shared/editor/checks.js';
import { makeTyped, styleOfName } from '../shared/editor/fields.js';
import type { AnyNode } from '../shared/editor/red.js';
import { giveStore, speakerType } from '../shared/editor/stores.js';
import { textsOf } from '../shared/editor/texts.js';

const ACTIONS: readonly string[] = [
  'list',
  'get',
  'rename',
  'delete',
  'export',
  'import',
  'unknowns',
  'forget',
  'turns',
  'feedback',
  'undo',
  'samples',
  'merge',
  'split',
  'jobs',
];

const check = checksOf(textsOf('speaker-registry'));
const isFixed = hasChosen('actionType', 'action');
/** For nodes whose fixed action is one of `actions`. */
const hasAction = (...actions: readonly string[]) => {
  const isAmong = hasChosen('action', ...actions);
  return (node: AnyNode) => isFixed(node) && isAmong(node);
};

RED.nodes.registerType('speaker-registry', {
  category: 'speaker identification',
  color: '#3FADB5',
  defaults: {
    name: { value: '' },
    version: { value: 2 },
    store: { value: '', type: 'speaker-store', required: true },
    action: {
      value: 'list',
      validate: when(
        isFixed,
        check('errors.action', (value) => ACTIONS.includes(String(value))),
        RED.validators.typedInput('actionType'),
      ),
    },
    actionType: { value: 'action' },
    speakerId: {
      value: 'speakerId',
      validate: allOf(
        when(
          hasAction('get', 'rename', 'delete', 'forget', 'samples', 'merge', 'split'),
          check('errors.speakerId', Boolean),
        ),
        RED.validators.typedInput({ typeField: 'speakerIdType', allowBlank: true }),
      ),
    },
    speakerIdType: { value: 'msg' },
    newName: {
      value: 'speakerName',
      validate: allOf(
        when(hasAction('rename'), check('errors.newName', Boolean)),
        RED.validators.typedInput({ typeField: 'newNameType', allowBlank: true }),
      ),
    },
    newNameType: { value: 'msg' },
    isReplacing: { value: false },
    inputs: { value: 1 },
  },
  credentials: {
    passphrase: { type: 'password' },
  },
  onadd: giveStore,
  inputs: 1,
  outputs: 1,
  icon: 'voice-prints-registry.svg',
  paletteLabel() {
    return this._('speaker-registry.palette');
  },
  label() {
    if (this.name) return this.name;
    return this.actionType === 'action'
      ? this._(`speaker-registry.labelOf.${this.action}`)
      : this._('speaker-registry.palette');
  },
  labelStyle: styleOfName,
  inputLabels() {
    return this._('speaker-registry.port.input');
  },
  outputLabels() {
    return this._('speaker-registry.port.output');
  },
  oneditprepare() {
    const action = {
      value: 'action',
      label: this._('speaker-registry.label.fixed'),
      options: ACTIONS.map((value) => ({ value, label: this._(`speaker-registry.action.${value}`) })),
    };
    makeTyped('action', [action, 'msg']);
    makeTyped('speakerId', ['msg', speakerType('#node-input-store'), 'flow', 'global', 'env', 'jsonata']);
    makeTyped('newName', ['msg', 'str', 'flow', 'global', 'env', 'jsonata']);
    const input = $('#node-input-action');
    const show = () => {
      const isOpen = input.typedInput('type') !== 'action';
      const action = input.typedInput('value');
      $('#node-input-inputs').val(!isOpen && action === 'jobs' ? 0 : 1); // such a node begins a flow
      $('.speaker-registry-for').each(function () {
        $(this).toggle(isOpen || String($(this).data('actions')).split(' ').includes(action));
      });
    };
    input.on('change', show);
    show();
  },
});
