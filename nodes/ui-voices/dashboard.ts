import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from 'node-red';

/** Where browsers find the widget: Node-RED serves the folder `resources` of the package. The build makes the file. */
const WIDGET = {
  package: '@voice-prints/node-red',
  name: 'ui-voices',
  src: 'voices-widget.js',
  component: 'UIVoices',
} as const;

/** Handlers of a widget. What browsers send (`onChange`, `onSend`) would otherwise become a message of the node as it is. */
interface WidgetHandlers {
  beforeSend(msg: NodeMessageInFlow): object;
  onChange(): void;
  onSend(msg: unknown): void;
}

interface WidgetUse {
  /** Makes what browsers get of a message; nothing else of it reaches them. */
  show(msg: NodeMessageInFlow): object;
  /** Takes what a browser sends, whoever it is: nothing about it is sure. Without it nothing is taken. */
  take?(msg: unknown): void;
}

/** The part of Dashboard 2 (1.x) that is used here. */
interface Dashboard {
  readonly ui?: { readonly widgets?: Map<string, { src?: object }> };
  /** What a page gets that is opened later. */
  readonly stores?: { readonly data?: { save(base: Dashboard, node: Node, msg: object): void } };
  /** To the pages that are open. */
  emit(event: string, msg: object, node: Node): void;
}
interface Group {
  register(node: Node, def: NodeDef, handlers: WidgetHandlers): void;
  getBase(): Dashboard;
}

/** Puts the node's widget into its group, empty; false where there is no Dashboard 2, or no group. */
export function joinDashboard(
  RED: NodeAPI,
  node: Node,
  def: NodeDef & { readonly group?: string },
  { show, take = () => undefined }: WidgetUse,
): boolean {
  const group = RED.nodes.getNode(def.group ?? '') as unknown as Partial<Group> | null;
  if (typeof group?.register !== 'function' || typeof group.getBase !== 'function') return false;
  // `passthru`: what comes in does not go on.
  group.register(node, Object.assign(def, { passthru: false }), { beforeSend: show, onChange() {}, onSend: take });
  const dashboard = group.getBase();
  // Dashboard 2 (1.31) finds widgets by themselves only in packages with `node-red-dashboard-2-` in their names.
  const widget = dashboard.ui?.widgets?.get(node.id);
  if (widget) widget.src ??= WIDGET;
  // After a deploy it still holds what the node showed before, and nothing would ever say that somebody is gone.
  const empty = show({ _msgid: '' });
  dashboard.stores?.data?.save(dashboard, node, empty);
  dashboard.emit(`msg-input:${node.id}`, empty, node);
  return true;
}
