import type { IdentifyChoice } from '../client/voicesClient.js';
import { TryRecording } from '../review/tryRecording.js';
import { useHome } from '../shared/home.js';

/** Trying a recording costs work of the server: it needs the permission to change. */
export function TryHere({ choice }: { readonly choice?: () => IdentifyChoice }) {
  const { text, mayEnrol } = useHome();
  if (!mayEnrol) return <p class="vp-hint">{text('panel.readOnly')}</p>;
  return <TryRecording {...(choice && { choice })} />;
}
