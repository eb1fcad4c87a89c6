import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { VoicesClient } from '../client/voicesClient.js';
import type { TextsOf } from '../texts/catalogue.js';

/** What the place that shows the components gives them: the console of `serve`, or Node-RED's editor. */
export interface Home {
  readonly client: VoicesClient;
  readonly text: TextsOf;
  /** BCP 47 tag, for numbers and times. */
  readonly language: string;
  /** Address of the compiled worklet.ts. */
  readonly workletAddress: string;
  /** What the user may do; where something is missing the components say so instead of offering it. */
  readonly mayEnrol: boolean;
  readonly mayAdminister: boolean;
  readonly isConsentRequired: boolean;
}

const HomeContext = createContext<Home | undefined>(undefined);

export const HomeProvider = HomeContext.Provider;

export function useHome(): Home {
  const home = useContext(HomeContext);
  if (home === undefined) throw new Error('components of voices are shown inside a HomeProvider');
  return home;
}
