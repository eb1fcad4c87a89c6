import type * as Ui from '../../../src/ui/nodeRed/mount.js';
import { textsOf } from './texts.js';
import { editorPlace, voicesUi } from './voicesUi.js';

const text = textsOf('voices');

interface HereOptions {
  /** Selectors of the button that opens and closes, and of what it opens. */
  readonly button: string;
  readonly box: string;
  /** Of the field with the store. */
  readonly store: string;
  /** `close` is what its own button for the end calls. */
  mount(ui: typeof Ui, box: Element, place: Ui.EditorPlace, store: string, close: () => void): Ui.Unmount;
}

/** A part of a dialog that works on the store at once, before a deploy. Returns what closes it, for the end of the dialog. */
export function openHere({ button, box, store, mount }: HereOptions): () => void {
  let unmount: Ui.Unmount | undefined;
  const close = () => {
    unmount?.();
    unmount = undefined;
    $(box).empty().hide();
    $(button).attr('aria-expanded', 'false');
  };
  const explain = (key: string) => $(box).append($('<p>').text(text(key)));
  const open = () => {
    $(box).empty().show();
    $(button).attr('aria-expanded', 'true');
    const id = $(store).val();
    let isLeft = false;
    unmount = () => {
      isLeft = true;
    };
    if (typeof id !== 'string' || id === '' || id === '_ADD_') return void explain('noStoreHere');
    voicesUi().then(
      (ui) => {
        if (isLeft) return;
        const inner = $('<div>').appendTo($(box))[0]!;
        unmount = mount(ui, inner, editorPlace(), id, () => {
          close();
          $(button).trigger('focus');
        });
      },
      () => isLeft || explain('notLoaded'),
    );
  };
  $(button).on('click', (event) => {
    event.preventDefault();
    if (unmount) close();
    else open();
  });
  $(store).on('change', () => unmount && close());
  close();
  return close;
}
