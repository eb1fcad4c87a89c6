import type { ComponentChildren } from 'preact';
import { useCallback, useEffect } from 'preact/hooks';
import { type Home, HomeProvider } from '../shared/home.js';
import { Problem } from '../shared/problem.js';
import { useLoaded } from '../shared/useLoaded.js';

/** A store of the flow, and what its user may do there. */
export type StorePlace = Pick<Home, 'client' | 'text' | 'language' | 'workletAddress'> & {
  readonly mayChange: boolean;
  /** Calls `listener` after every deploy, until the function that it returns is called. */
  onDeploy(listener: () => void): () => void;
};

/** Gives its children a store, once it answers; else what to do. */
export function StoreHome({ place, children }: { readonly place: StorePlace; readonly children: ComponentChildren }) {
  const { mayChange, onDeploy, ...shared } = place;
  const { client, text } = shared;
  const { value: session, refused, reload } = useLoaded(useCallback(() => client.session(), [client]));
  useEffect(() => onDeploy(reload), [onDeploy, reload]);
  const home: Home = {
    ...shared,
    mayEnrol: mayChange,
    mayAdminister: mayChange,
    isConsentRequired: session?.isConsentRequired === true,
  };
  return (
    <HomeProvider value={home}>
      {refused?.code === 'STORE_NOT_DEPLOYED' ? (
        <p role="status">{text('problem.notDeployed')}</p>
      ) : (
        <Problem refused={refused} />
      )}
      {refused && (
        <div class="vp-actions">
          <button type="button" onClick={reload}>
            {text('action.reload')}
          </button>
        </div>
      )}
      {session === undefined ? refused === undefined && <p class="vp-hint">{text('panel.opening')}</p> : children}
    </HomeProvider>
  );
}
