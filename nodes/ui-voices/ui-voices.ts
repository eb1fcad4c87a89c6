import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from 'node-red';
import { z } from 'zod';
import { Places } from '../../src/events/places.js';
import { badge } from '../shared/badge.js';
import { bindNode } from '../shared/bindNode.js';
import { field, type SettingsForm, text, trySettings, withDefaults } from '../shared/settings.js';
import { joinDashboard } from './dashboard.js';
import { hearMessage } from './heardMessage.js';

const schema = z.object({
  group: text,
  view: z.enum(['here', 'timeline']),
  spanSeconds: field(z.coerce.number().int().min(10).max(3_600).default(120)),
});

/** Settings of ui-voices. */
export const widgetForm: SettingsForm<typeof schema> = {
  schema,
  migrations: [withDefaults({ view: 'here' })],
};

/** A widget of Dashboard 2: who is here, or the timeline of what was heard last. */
export default function register(RED: NodeAPI): void {
  function UiVoices(this: Node, def: NodeDef): void {
    RED.nodes.createNode(this, def);
    const read = trySettings(widgetForm, def, this);
    if ('failure' in read) {
      bindNode(RED, this, () => Promise.reject(read.failure));
      return;
    }
    const places = new Places(read.settings.spanSeconds);
    const show = (msg: NodeMessageInFlow): object => {
      hearMessage(places, msg, Date.now());
      const { enabled, visible, class: style, ui_update: update } = msg as unknown as Readonly<Record<string, unknown>>;
      const given = Object.entries({ enabled, visible, class: style, ui_update: update });
      return { ...Object.fromEntries(given.filter(([, value]) => value !== undefined)), payload: places.shown };
    };
    if (joinDashboard(RED, this, def, show)) this.status({});
    else this.status(badge('yellow', 'ring', 'ui-voices.status.noDashboard'));
  }
  RED.nodes.registerType('ui-voices', UiVoices);
}
