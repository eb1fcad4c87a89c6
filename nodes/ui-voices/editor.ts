import { checksOf, hasChosen, when, wholeNumberFrom } from '../shared/editor/checks.js';
import { entered, fillMissing, styleOfName } from '../shared/editor/fields.js';
import { textsOf } from '../shared/editor/texts.js';

declare global {
  interface JQuery {
    /** The chooser of sizes that Dashboard 2 brings. */
    elementSizer?(options: { width: string; height: string; group: string }): this;
  }
}

const check = checksOf(textsOf('ui-voices'));
const isTimeline = hasChosen('view', 'timeline');
/** Whether Dashboard 2 is installed: then the editor knows its groups. */
const hasDashboard = (): boolean => Boolean(RED.nodes.getType('ui-group'));

RED.nodes.registerType('ui-voices', {
  category: 'speaker identification',
  color: '#3FADB5',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    group: { value: '', type: 'ui-group', required: true },
    order: { value: 0 },
    width: { value: 0 },
    height: { value: 0 },
    view: { value: 'here' },
    outputs: { value: 0 },
    spanSeconds: { value: '', validate: when(isTimeline, check('errors.spanSeconds', wholeNumberFrom(10, 3_600))) },
    label: { value: '' },
    className: { value: '' },
  },
  inputs: 1,
  outputs: 0,
  icon: 'voice-prints-widget.svg',
  paletteLabel() {
    return this._('ui-voices.palette');
  },
  label() {
    return this.name || this._(`ui-voices.view.${this.view ?? 'here'}`);
  },
  labelStyle: styleOfName,
  inputLabels() {
    return this._(this.view === 'enrol' ? 'ui-voices.port.answers' : 'ui-voices.port.input');
  },
  outputLabels() {
    return this._('ui-voices.port.recording');
  },
  oneditprepare() {
    fillMissing(this);
    $('#ui-voices-missing').toggle(!hasDashboard());
    $('#ui-voices-size').toggle(hasDashboard());
    $('#node-input-size').elementSizer?.({
      width: '#node-input-width',
      height: '#node-input-height',
      group: '#node-input-group',
    });
    const show = () => {
      const view = entered('#node-input-view');
      $('#ui-voices-span').toggle(view === 'timeline');
      $('#ui-voices-enrol').toggle(view === 'enrol');
      $('#node-input-outputs').val(view === 'enrol' ? 1 : 0);
    };
    $('#node-input-view').on('change', show);
    show();
  },
});
