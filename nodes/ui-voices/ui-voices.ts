import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from 'node-red';
import { z } from 'zod';
import { Places } from '../../src/events/places.js';
import { badge } from '../shared/badge.js';
import { bindNode } from '../shared/bindNode.js';
import { field, type SettingsForm, text, trySettings, withDefaults } from '../shared/settings.js';
import { joinDashboard } from './dashboard.js';
import { enrolmentAnswer } from './enrolmentAnswer.js';
import { hearMessage } from './heardMessage.js';
import { SpokenSamples } from './spokenSamples.js';

const schema = z.object({
  group: text,
  view: z.enum(['here', 'timeline', 'enrol']),
  spanSeconds: field(z.coerce.number().int().min(10).max(3_600).default(120)),
});

/** Settings of ui-voices. */
export const widgetForm: SettingsForm<typeof schema> = {
  schema,
  migrations: [withDefaults({ view: 'here' })],
};

/** How a message changes the look of the widget, as it does that of others. */
function looksOf(msg: NodeMessageInFlow): object {
  const { enabled, visible, class: style, ui_update: update } = msg as unknown as Readonly<Record<string, unknown>>;
  const given = Object.entries({ enabled, visible, class: style, ui_update: update });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** A widget of Dashboard 2: who is here, the timeline of what was heard last, or a recorder to enrol by speaking. */
export default function register(RED: NodeAPI): void {
  function UiVoices(this: Node, def: NodeDef): void {
    RED.nodes.createNode(this, def);
    const read = trySettings(widgetForm, def, this);
    if ('failure' in read) {
      bindNode(RED, this, () => Promise.reject(read.failure));
      return;
    }
    const places = new Places(read.settings.spanSeconds);
    const showPlaces = (msg: NodeMessageInFlow): object => {
      hearMessage(places, msg, Date.now());
      return { ...looksOf(msg), payload: places.shown };
    };
    const showAnswer = (msg: NodeMessageInFlow): object => ({
      ...looksOf(msg),
      payload: { enrolment: enrolmentAnswer(msg) ?? null },
    });
    const spoken = new SpokenSamples();
    this.on('close', () => spoken.close());
    const take = (msg: unknown): void => {
      const sample = spoken.take(msg);
      if (sample !== undefined) this.send({ ...sample });
    };
    const use = read.settings.view === 'enrol' ? { show: showAnswer, take } : { show: showPlaces };
    if (joinDashboard(RED, this, def, use)) this.status({});
    else this.status(badge('yellow', 'ring', 'ui-voices.status.noDashboard'));
  }
  RED.nodes.registerType('ui-voices', UiVoices);
}
