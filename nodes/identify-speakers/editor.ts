import {
  allOf,
  checksOf,
  hasChosen,
  isChosen,
  isTopicPart,
  numberFrom,
  when,
  wholeNumberFrom,
} from '../shared/editor/checks.js';
import {
  COMPUTED,
  entered,
  fillMissing,
  isChecked,
  keepPathOfOldNodes,
  makeResultProperty,
  makeTyped,
  styleOfName,
} from '../shared/editor/fields.js';
import { openHere } from '../shared/editor/here.js';
import { giveStore, speakerType } from '../shared/editor/stores.js';
import { textsOf } from '../shared/editor/texts.js';

/** Copy of MAX_PEOPLE of the engine. */
const MAX_PEOPLE = 100;

const OUTPUTS: Readonly<Record<string, number>> = { auto: 3, whole: 1, turns: 2, live: 3 };
/** Topics below the base that are no sites. */
const RESERVED_SITES: readonly unknown[] = ['speakers', 'status', 'errors'];

const check = checksOf(textsOf('identify-speakers'));
const partNumber = check('errors.part', wholeNumberFrom(1, 64));
const people = check('errors.people', wholeNumberFrom(1, MAX_PEOPLE));
const topicPart = check('errors.topic', isTopicPart);
const isWhole = hasChosen('output', 'auto', 'whole');
const isLive = hasChosen('output', 'auto', 'live');
const hasTopics = hasChosen('output', 'auto', 'turns', 'live');
const isForRecordings = hasChosen('output', 'auto', 'whole', 'turns');

/** Ends what the open dialog tries. */
let endTrial = () => {};

/** What a recording is tried with: the settings of the open dialog. People that come with a message are everybody. */
function choiceOfDialog() {
  const isFixed = $('#node-input-speakers').typedInput('type') === 'str';
  const speakerIds = isFixed ? $('#node-input-speakers').typedInput('value').split(',') : [];
  return {
    speakerIds: speakerIds.map((id) => id.trim()).filter((id) => id !== ''),
    falseAcceptPercent: entered('#node-input-falseAcceptPercent'),
    track: entered('#node-input-track'),
    channel: entered('#node-input-channel'),
    isSpeakerPerChannel: isChecked('#node-input-isSpeakerPerChannel'),
  };
}

RED.nodes.registerType('identify-speakers', {
  category: 'speaker identification',
  color: '#3FADB5',
  defaults: {
    name: { value: '' },
    version: { value: 3 },
    store: { value: '', type: 'speaker-store', required: true },
    property: { value: 'payload', validate: RED.validators.typedInput('propertyType') },
    propertyType: { value: 'msg' },
    isPath: { value: false },
    track: { value: '', validate: partNumber },
    channel: { value: '', validate: partNumber },
    isSpeakerPerChannel: { value: false },
    speakerCount: { value: '', validate: when(isForRecordings, people) },
    maxSpeakers: { value: '', validate: when(isForRecordings, people) },
    speakers: { value: '', validate: RED.validators.typedInput({ typeField: 'speakersType', allowBlank: true }) },
    speakersType: { value: 'str' },
    falseAcceptPercent: { value: '' },
    output: { value: 'auto' },
    resultProperty: { value: 'payload', validate: when(isWhole, RED.validators.typedInput({ type: 'msg' })) },
    isDrawn: { value: false },
    topicBase: { value: 'speaker-id', validate: when(hasTopics, topicPart) },
    site: {
      value: 'home',
      validate: when(
        hasTopics,
        allOf(
          check('errors.site', (value) => !RESERVED_SITES.includes(value)),
          topicPart,
        ),
      ),
    },
    isRetained: { value: false },
    queueLimit: {
      value: '20',
      validate: when(isForRecordings, check('errors.queueLimit', wholeNumberFrom(1, 10_000))),
    },
    presenceWindowSeconds: { value: '30', validate: when(isLive, check('errors.presence', numberFrom(1, 86_400))) },
    strangers: { value: '' },
    isTellingTentative: { value: false },
    isDiscovered: { value: false },
    discoveryPrefix: {
      value: 'homeassistant',
      validate: when(isLive, when(isChosen('isDiscovered'), topicPart)),
    },
    outputs: { value: 3 },
  },
  onadd: giveStore,
  inputs: 1,
  outputs: 3,
  icon: 'voice-prints-identify.svg',
  paletteLabel() {
    return this._('identify-speakers.palette');
  },
  label() {
    return this.name || this._('identify-speakers.palette');
  },
  labelStyle: styleOfName,
  inputLabels() {
    if (this.output === 'auto') return this._('identify-speakers.port.any');
    return this._(this.output === 'live' ? 'identify-speakers.port.stream' : 'identify-speakers.port.input');
  },
  outputLabels(index) {
    if (this.output === 'whole') return this._('identify-speakers.port.whole');
    if (index === 0 && this.output === 'auto') return this._('identify-speakers.port.auto');
    if (index === 2) return this._('identify-speakers.port.state');
    return this._(index === 0 ? 'identify-speakers.port.known' : 'identify-speakers.port.others');
  },
  oneditprepare() {
    fillMissing(this);
    if (this.output === undefined) $('#node-input-output').val('whole'); // written by hand or by a program
    keepPathOfOldNodes(this);
    makeTyped('property', ['msg', 'flow', 'global', 'str', 'env', 'jsonata']);
    makeTyped('speakers', [speakerType('#node-input-store'), ...COMPUTED]);
    makeResultProperty();
    const show = () => {
      const output = entered('#node-input-output');
      $('#node-input-outputs').val(OUTPUTS[output]!);
      const isForLive = output === 'live' || output === 'auto';
      $('#identify-speakers-whole').toggle(output === 'whole' || output === 'auto');
      $('#identify-speakers-turns').toggle(output !== 'whole');
      $('#identify-speakers-live').toggle(isForLive);
      $('#identify-speakers-retain').toggle(output === 'turns');
      $('#identify-speakers-queue').toggle(output !== 'live');
      $(
        '#identify-speakers-path, #identify-speakers-part, #identify-speakers-perChannel, #identify-speakers-people',
      ).toggle(output !== 'live');
      $('#identify-speakers-prefix').toggle(isChecked('#node-input-isDiscovered'));
      const base = entered('#node-input-topicBase') || 'speaker-id';
      $('#identify-speakers-topic').text(`${base}/${entered('#node-input-site') || 'home'}/event`);
    };
    $('#node-input-output, #node-input-isDiscovered').on('change', show);
    $('#node-input-topicBase, #node-input-site').on('input', show);
    show();
    endTrial = openHere({
      button: '#identify-speakers-try',
      box: '#identify-speakers-tried',
      store: '#node-input-store',
      mount: (ui, box, place, store) => ui.mountTry(box, place, store, choiceOfDialog),
    });
  },
  oneditsave: () => endTrial(),
  oneditcancel: () => endTrial(),
});
