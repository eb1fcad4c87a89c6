/** A node of Vue's virtual document. */
export type Drawn = object;

/** What Dashboard 2 gives its widgets in place of modules: Vue, and by injection what keeps the messages of a widget. */
export interface Vue {
  h(tag: string, attributes?: object, children?: string | readonly Drawn[]): Drawn;
  ref<T>(value: T): { value: T };
  inject(name: '$dataTracker'): DataTracker;
  onMounted(run: () => void): void;
  onUnmounted(run: () => void): void;
}

/** Calls `onInput` with each message of the widget, and `onLoad` with the last one when the page opens. */
type DataTracker = (id: string, onInput: (msg: unknown) => void, onLoad: (msg: unknown) => void) => void;

export const { h, ref, inject, onMounted, onUnmounted } = (globalThis as unknown as { readonly Vue: Vue }).Vue;
