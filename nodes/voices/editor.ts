import { textsOf } from '../shared/editor/texts.js';
import { editorPlace, voicesUi } from '../shared/editor/voicesUi.js';

const text = textsOf('voices');
/** Events of the editor after which the stores of the flow may be others. */
const CHANGES = ['deploy', 'nodes:add', 'nodes:remove', 'nodes:change', 'flows:loaded'] as const;
/** Many nodes change at once, when flows are loaded. */
const SETTLE_MS = 300;

/** Names of the speaker-store nodes, by id. */
function storesOfFlow(): readonly { readonly id: string; readonly name: string }[] {
  const stores: { id: string; name: string }[] = [];
  RED.nodes.eachConfig((config) => {
    if (config.type !== 'speaker-store' || config.d) return;
    const { name } = config as unknown as { readonly name?: string };
    stores.push({ id: config.id, name: name || text('unnamed') });
  });
  return stores;
}

/** A text in place of the components, whose style sheet may not be there. */
const remark = (words: string) => $('<p>').css({ margin: 0, padding: '10px 12px' }).text(words);

/** Fills the tab while it is shown; nothing runs while it is hidden. */
class VoicesTab {
  readonly #content = $('<div class="red-ui-sidebar-voice-prints">')[0]!;
  #unmount: (() => void) | undefined;
  #shown = '';
  #settling: ReturnType<typeof setTimeout> | undefined;

  readonly add = (): void => {
    RED.sidebar.addTab({
      id: 'voice-prints',
      label: text('tab'),
      name: text('tab'),
      iconClass: 'fa fa-users',
      content: this.#content,
      action: 'voice-prints:show-voices',
      enableOnEdit: true,
    });
    RED.actions.add('voice-prints:show-voices', () => RED.sidebar.show('voice-prints'));
    // Both editors hide tabs in ways of their own; what counts is whether it is seen.
    const watch = new IntersectionObserver(([seen]) => (seen?.isIntersecting ? this.#show() : this.#hide()));
    watch.observe(this.#content);
    for (const event of CHANGES) RED.events.on(event, this.#changed);
  };

  readonly #changed = (): void => {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#unmount && this.#show(), SETTLE_MS);
  };

  readonly #show = (): void => {
    const stores = storesOfFlow();
    const shown = JSON.stringify(stores);
    if (this.#unmount && shown === this.#shown) return;
    this.#hide();
    this.#shown = shown;
    if (stores.length === 0) {
      $(this.#content)
        .empty()
        .append(remark(text('noStore')));
      this.#unmount = () => $(this.#content).empty();
      return;
    }
    let isLeft = false;
    this.#unmount = () => {
      isLeft = true;
    };
    voicesUi().then(
      ({ mountVoices }) => {
        if (isLeft) return;
        const box = $('<div>').appendTo(this.#content)[0]!;
        const unmount = mountVoices(box, editorPlace(), stores);
        this.#unmount = () => {
          unmount();
          box.remove();
        };
      },
      () => $(this.#content).append(remark(text('notLoaded'))),
    );
  };

  readonly #hide = (): void => {
    this.#unmount?.();
    this.#unmount = undefined;
    $(this.#content).empty();
  };
}

RED.plugins.registerPlugin('voice-prints-voices', { onadd: new VoicesTab().add });
