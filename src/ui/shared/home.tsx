import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { VoicesClient } from '../client/voicesClient.js';
import type { TextsOf } from '../texts/catalogue.js';

/** What components need that call nothing: all that the widget of Dashboard 2 gives them. */
export interface Surroundings {
  readonly text: TextsOf;
  /** BCP 47 tag, for numbers and times. */
  readonly language: string;
  /** Address of the compiled worklet.ts. */
  readonly workletAddress: string;
  readonly isConsentRequired: boolean;
}

/** What the place that shows the components gives them: the console of `serve`, or Node-RED's editor. */
export interface Home extends Surroundings {
  readonly client: VoicesClient;
  /** What the user may do; where something is missing the components say so instead of offering it. */
  readonly mayEnrol: boolean;
  readonly mayAdminister: boolean;
}

const HomeContext = createContext<Surroundings | Home | undefined>(undefined);

export const HomeProvider = HomeContext.Provider;

export function useSurroundings(): Surroundings | Home {
  const found = useContext(HomeContext);
  if (found === undefined) throw new Error('components of voices are shown inside a HomeProvider');
  return found;
}

export function useHome(): Home {
  const found = useSurroundings();
  if (!('client' in found)) throw new Error('components that make calls are shown inside a HomeProvider with a client');
  return found;
}
