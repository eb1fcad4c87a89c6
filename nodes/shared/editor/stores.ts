import type { EditorNode, InputType } from './red.js';
import { textsOf } from './texts.js';

const text = textsOf('speaker-store');

/** The URL of `rest` for the store with the id `store`. */
export const urlOf = (store: string, rest: string): string =>
  `voice-prints/stores/${encodeURIComponent(store)}/${rest}`;

/** An enrolled person as the editor's address `speakers` lists them. */
export interface ListedSpeaker {
  readonly speakerId: string;
  readonly name: string;
  readonly isStale: boolean;
  readonly isComplete: boolean;
  readonly speechSeconds: number;
}

/** A node that is dragged in gets the store there is, or where there is none a new one with the defaults. */
export function giveStore(this: EditorNode<{ store: string }>): void {
  if (this.store) return;
  const stores: string[] = [];
  RED.nodes.eachConfig((config) => {
    if (config.type === 'speaker-store' && !config.d && (!config.z || config.z === this.z)) stores.push(config.id);
  });
  if (stores.length === 0) stores.push(addStore());
  if (stores.length === 1) this.store = stores[0]!;
}

/** A store as the dialog makes it when nothing is changed there. Returns its id. */
function addStore(): string {
  const definition = RED.nodes.getType('speaker-store');
  const id = RED.nodes.id();
  const settings = Object.entries(definition.defaults).map(([property, { value }]) => [property, value]);
  const store = { id, type: 'speaker-store', _def: definition, z: '', users: [], changed: true };
  RED.nodes.add(Object.assign(store, Object.fromEntries(settings)));
  return id;
}

/** A typed input's text type that offers the enrolled people of the store chosen in `selector`. */
export const speakerType = (selector: string): InputType => ({
  value: 'str',
  label: text('label.person'),
  icon: 'fa fa-user',
  autoComplete: (value, done) => {
    const store = $(selector).val();
    if (typeof store !== 'string' || !store || store === '_ADD_') return done([]);
    const before = value.split(',').map((id) => id.trim());
    const typed = before.pop()!.toLowerCase();
    const fits = ({ speakerId, name }: ListedSpeaker) => `${speakerId} ${name}`.toLowerCase().includes(typed);
    $.ajax({ url: urlOf(store, 'speakers'), dataType: 'json' })
      .done((speakers: readonly ListedSpeaker[]) => {
        const offers = speakers.filter(fits).map(({ speakerId, name }) => ({
          value: [...before, speakerId].join(', '),
          label: name === speakerId ? name : `${name} (${speakerId})`,
        }));
        done(offers);
      })
      .fail(() => done([])); // not deployed yet: free text still goes
  },
});
