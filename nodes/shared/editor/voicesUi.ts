import type * as Ui from '../../../src/ui/nodeRed/mount.js';

let loading: Promise<typeof Ui> | undefined;

/** The components of voices, loaded when they are first shown: dialogs open without them. */
export function voicesUi(): Promise<typeof Ui> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined; // tried again with the next use
    throw error;
  });
  return loading;
}

async function load(): Promise<typeof Ui> {
  const style = $('<link rel="stylesheet">').attr('href', `${rootOf()}voice-prints/ui/voices.css`);
  if ($('link[href$="voice-prints/ui/voices.css"]').length === 0) style.appendTo(document.head);
  return (await import(`${rootOf()}voice-prints/ui/voices.js`)) as typeof Ui;
}

/** Address of the editor, with a slash at its end. */
const rootOf = (): string => new URL('./', document.baseURI).href;

/** What the components need of this editor. */
export const editorPlace = (): Ui.EditorPlace => ({
  root: rootOf(),
  headers: () => {
    const tokens = RED.settings.get('auth-tokens') as { readonly access_token?: string } | undefined;
    return tokens?.access_token === undefined ? {} : { authorization: `Bearer ${tokens.access_token}` };
  },
  languages: [RED.i18n.lang(), ...navigator.languages],
  mayChange: RED.user.hasPermission('speaker-store.write'),
  onDeploy: (listener) => {
    RED.events.on('deploy', listener);
    return () => RED.events.off('deploy', listener);
  },
});
