import { render } from 'preact';
import { restClient } from '../client/restClient.js';
import type { IdentifyChoice } from '../client/voicesClient.js';
import { languageOf, textsOf } from '../texts/texts.js';
import { EnrolHere, type PersonChoice } from './enrolHere.js';
import { StoreHome, type StorePlace } from './storeHome.js';
import { TryHere } from './tryHere.js';
import { type StoreOfFlow, VoicesPanel } from './voicesPanel.js';

/** What Node-RED's editor gives the components. */
export interface EditorPlace {
  /** Address of the editor, with a slash at its end. */
  readonly root: string;
  /** Headers that authenticate a call, asked for with each. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** Languages of the editor, best first. */
  readonly languages: readonly string[];
  /** Whether the user has the permission to change what stores hold. */
  readonly mayChange: boolean;
  /** Calls `listener` after every deploy, until the function that it returns is called. */
  onDeploy(listener: () => void): () => void;
}

/** Takes the components out of the page again, with their microphones and timers. */
export type Unmount = () => void;

/** The side bar: the stores of the flow, one at a time. */
export function mountVoices(element: Element, place: EditorPlace, stores: readonly StoreOfFlow[]): Unmount {
  const placeOf = (id: string) => storePlace(place, id);
  return mounted(element, <VoicesPanel stores={stores} placeOf={placeOf} />);
}

/** In the dialog of identify-speakers: drop a recording, and see who speaks, with what is chosen in the dialog. */
export function mountTry(element: Element, place: EditorPlace, store: string, choice: () => IdentifyChoice): Unmount {
  return mounted(
    element,
    <StoreHome place={storePlace(place, store)}>
      <TryHere choice={choice} />
    </StoreHome>,
  );
}

/** In the dialog of enroll-speaker: speak, or drop recordings, and see what the gate says. */
export function mountEnrol(
  element: Element,
  place: EditorPlace,
  store: string,
  person: PersonChoice,
  onDone: () => void,
): Unmount {
  return mounted(
    element,
    <StoreHome place={storePlace(place, store)}>
      <EnrolHere person={person} onDone={onDone} />
    </StoreHome>,
  );
}

function mounted(element: Element, content: preact.ComponentChild): Unmount {
  element.classList.add('vp', 'vp-editor');
  render(content, element);
  return () => render(null, element);
}

function storePlace({ root, headers, languages, mayChange, onDeploy }: EditorPlace, store: string): StorePlace {
  const language = languageOf(languages);
  return {
    client: restClient({
      base: `${root}voice-prints/stores/${encodeURIComponent(store)}`,
      headers,
      hasStreams: false,
    }),
    text: textsOf(language),
    language,
    workletAddress: `${root}voice-prints/ui/microphone.js`,
    mayChange,
    onDeploy,
  };
}
