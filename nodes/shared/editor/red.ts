// What the dialogs use of Node-RED's editor, 4.1 and 5. `@types/node-red__editor-client` lacks most of it: messages of
// validators, notifications that close, the edit stack, completion.

/** A node of the editor, whatever its type. */
export interface AnyNode {
  readonly id: string;
  readonly type: string;
  /** The tab it is on; '' for a config node that all tabs share. */
  readonly z?: string;
  /** A node that is disabled. */
  readonly d?: boolean;
  /** True while the node has changes that are not deployed. */
  readonly changed?: boolean;
  readonly _def: { readonly category: string; readonly defaults: Readonly<Record<string, Property>> };
  /** A text of the node's own set, e.g. `speaker-store.palette`. */
  _(key: string, values?: TextValues): string;
}

/** A node with its settings: those of nodes of an earlier release lack what came later. */
export type EditorNode<Settings> = Partial<Settings> & AnyNode;

export type TextValues = Readonly<Record<string, string | number>>;

/**
 * Node-RED shows the text that a validator returns only where the function declares both parameters.
 * @param value as the flow has it, or as the open dialog does
 * @param opt given where a text may be returned in place of `false`
 */
export type Validator = (this: AnyNode, value: unknown, opt: object | undefined) => boolean | string;

export interface Property<Value = unknown> {
  readonly value: Value;
  /** Of a config node: its type. */
  readonly type?: string;
  readonly required?: boolean;
  readonly validate?: Validator;
}

/** Inside a definition: the settings are those of `defaults`, whatever shared functions need of a node. */
type Self<Settings> = EditorNode<NoInfer<Settings>>;

export interface NodeDefinition<Settings> {
  readonly category: string;
  readonly color?: string;
  readonly defaults: { readonly [Name in keyof Settings]: Property<Settings[Name]> };
  readonly credentials?: Readonly<Record<string, { readonly type: 'text' | 'password' }>>;
  readonly inputs?: 0 | 1;
  readonly outputs?: number;
  readonly icon?: string;
  paletteLabel?(this: Self<Settings>): string;
  label?(this: Self<Settings>): string;
  labelStyle?(this: Self<Settings>): string;
  inputLabels?(this: Self<Settings>): string;
  outputLabels?(this: Self<Settings>, index: number): string;
  onadd?(this: Self<Settings>): void;
  oneditprepare?(this: Self<Settings>): void;
  oneditsave?(this: Self<Settings>): void;
  oneditcancel?(this: Self<Settings>): void;
  readonly button?: {
    enabled?(this: Self<Settings>): boolean;
    visible?(this: Self<Settings>): boolean;
    onclick(this: Self<Settings>): void;
  };
}

/** A type that a typed input offers beside those that the editor knows by name. */
export interface InputType {
  readonly value: string;
  readonly label: string;
  readonly icon?: string;
  readonly options?: readonly { readonly value: string; readonly label: string }[];
  readonly autoComplete?: Completion;
}

/** Hands what fits the text typed so far to `done`, now or later. */
export type Completion = (typed: string, done: (fits: readonly { value: string; label: string }[]) => void) => void;

interface SidebarTab {
  readonly id: string;
  readonly label: string;
  readonly name: string;
  readonly iconClass: string;
  readonly content: Element;
  /** Name of the action that shows it. */
  readonly action: string;
  /** Also while a dialog is open. */
  readonly enableOnEdit: boolean;
}

interface NotificationOptions {
  readonly type?: 'success' | 'warning' | 'error';
  readonly timeout?: number;
  readonly modal?: boolean;
  readonly fixed?: boolean;
  readonly buttons?: readonly { readonly text: string; readonly class?: string; click(): void }[];
}

interface NodeRedEditor {
  _(key: string, values?: TextValues): string;
  readonly i18n: { lang(): string };
  readonly settings: { readonly httpNodeRoot?: string | false; get(key: string): unknown };
  readonly user: { hasPermission(permission: string): boolean };
  readonly plugins: { registerPlugin(id: string, definition: { onadd?(): void }): void };
  readonly actions: { add(name: string, action: () => void): void };
  readonly events: { on(event: string, listener: () => void): void; off(event: string, listener: () => void): void };
  readonly sidebar: { addTab(tab: SidebarTab): void; show(id: string): void };
  readonly nodes: {
    registerType<Settings>(type: string, definition: NodeDefinition<Settings>): void;
    getType(type: string): AnyNode['_def'];
    eachConfig(see: (node: AnyNode) => void): void;
    id(): string;
    add(node: object): void;
  };
  readonly editor: { getEditStack(): readonly { readonly id: string }[] };
  readonly validators: {
    typedInput(type: string | { typeField?: string; type?: string; allowBlank?: boolean }): Validator;
  };
  readonly clipboard: { copyText(text: string, beside: JQuery, messageKey: string): void };
  notify(message: string | Element, options?: NotificationOptions | 'error'): { close(): void };
}

declare global {
  const RED: NodeRedEditor;

  interface JQuery {
    typedInput(options: { default: string; types: readonly (string | InputType)[]; typeField?: string }): this;
    typedInput(question: 'type' | 'value'): string;
    typedInput(question: 'value', value: string): this;
    autoComplete(options: { search: Completion }): this;
  }
}
