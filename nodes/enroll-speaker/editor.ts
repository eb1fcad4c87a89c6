import { allOf, checksOf, hasChosen, isVariable, matches, when, wholeNumberFrom } from '../shared/editor/checks.js';
import { COMPUTED, keepPathOfOldNodes, makeResultProperty, makeTyped, styleOfName } from '../shared/editor/fields.js';
import { openHere } from '../shared/editor/here.js';
import { giveStore, speakerType } from '../shared/editor/stores.js';
import { textsOf } from '../shared/editor/texts.js';

const check = checksOf(textsOf('enroll-speaker'));
const isSpeakerId = matches(/^[a-zA-Z0-9_]{1,128}$/);
const partNumber = check('errors.part', wholeNumberFrom(1, 64));

/** Ends what the open dialog records. */
let endEnrolment = () => {};

/** A text of the dialog, where it does not come with a message. */
const fixed = (field: string): string | undefined =>
  $(field).typedInput('type') === 'str' ? $(field).typedInput('value').trim() || undefined : undefined;

RED.nodes.registerType('enroll-speaker', {
  category: 'speaker identification',
  color: '#3FADB5',
  defaults: {
    name: { value: '' },
    version: { value: 2 },
    store: { value: '', type: 'speaker-store', required: true },
    property: { value: 'payload', validate: RED.validators.typedInput('propertyType') },
    propertyType: { value: 'msg' },
    isPath: { value: false },
    track: { value: '', validate: partNumber },
    channel: { value: '', validate: partNumber },
    speakerId: {
      value: '',
      validate: allOf(
        check('errors.speakerId', Boolean),
        when(
          hasChosen('speakerIdType', 'str'),
          check('errors.speakerIdForm', (value) => isVariable(value) || isSpeakerId(value)),
          RED.validators.typedInput('speakerIdType'),
        ),
      ),
    },
    speakerIdType: { value: 'str' },
    speakerName: {
      value: '',
      validate: RED.validators.typedInput({ typeField: 'speakerNameType', allowBlank: true }),
    },
    speakerNameType: { value: 'str' },
    consent: { value: '', validate: RED.validators.typedInput({ typeField: 'consentType', allowBlank: true }) },
    consentType: { value: 'str' },
    consentVersion: { value: '' },
    resultProperty: { value: 'payload', validate: RED.validators.typedInput({ type: 'msg' }) },
    queueLimit: { value: '20', validate: check('errors.queueLimit', wholeNumberFrom(1, 10_000)) },
  },
  onadd: giveStore,
  inputs: 1,
  outputs: 2,
  icon: 'voice-prints-enroll.svg',
  paletteLabel() {
    return this._('enroll-speaker.palette');
  },
  label() {
    if (this.name) return this.name;
    return this.speakerIdType === 'str' && this.speakerId
      ? this._('enroll-speaker.labelOf', { id: this.speakerId })
      : this._('enroll-speaker.palette');
  },
  labelStyle: styleOfName,
  inputLabels() {
    return this._('enroll-speaker.port.input');
  },
  outputLabels(index) {
    return this._(index === 0 ? 'enroll-speaker.port.accepted' : 'enroll-speaker.port.rejected');
  },
  oneditprepare() {
    keepPathOfOldNodes(this);
    makeTyped('property', ['msg', 'flow', 'global', 'str', 'env', 'jsonata']);
    makeTyped('speakerId', [speakerType('#node-input-store'), ...COMPUTED]);
    makeTyped('speakerName', ['str', ...COMPUTED]);
    makeTyped('consent', ['str', ...COMPUTED]);
    makeResultProperty();
    endEnrolment = openHere({
      button: '#enroll-speaker-now',
      box: '#enroll-speaker-here',
      store: '#node-input-store',
      mount: (ui, box, place, store, close) => {
        const person = { speakerId: fixed('#node-input-speakerId'), name: fixed('#node-input-speakerName') };
        return ui.mountEnrol(box, place, store, person, close);
      },
    });
  },
  oneditsave: () => endEnrolment(),
  oneditcancel: () => endEnrolment(),
});
