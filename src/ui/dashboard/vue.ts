/** A node of Vue's virtual document. */
export type Drawn = object;

/** What Dashboard 2 gives its widgets in place of modules: Vue, and by injection what keeps the messages of a widget. */
export interface Vue {
  h(tag: string, attributes?: object, children?: string | readonly Drawn[]): Drawn;
  ref<T>(value: T): { value: T };
  inject<K extends keyof Injected>(name: K): Injected[K];
  onMounted(run: () => void): void;
  onUnmounted(run: () => void): void;
}

interface Injected {
  $dataTracker: DataTracker;
  $socket: DashboardSocket;
  store: {
    readonly state: { readonly setup: { readonly setup: { readonly RED: { readonly httpAdminRoot: string } } } };
  };
}

/** The connection to Node-RED that Dashboard 2 keeps. */
export interface DashboardSocket {
  emit(event: 'widget-send', widgetId: string, msg: object): void;
}

/** Calls `onInput` with each message of the widget, and `onLoad` with the last one when the page opens. */
type DataTracker = (id: string, onInput: (msg: unknown) => void, onLoad: (msg: unknown) => void) => void;

export const { h, ref, inject, onMounted, onUnmounted } = (globalThis as unknown as { readonly Vue: Vue }).Vue;
