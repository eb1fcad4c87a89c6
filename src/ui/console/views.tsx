import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ServerClient } from '../client/serverClient.js';
import type { SessionInfo } from '../client/voicesClient.js';
import { Jobs } from '../jobs/jobs.js';
import { Keys } from '../keys/keys.js';
import { UsageView } from '../keys/usage.js';
import { Live } from '../live/live.js';
import { People } from '../people/people.js';
import { RecentTurns } from '../review/recentTurns.js';
import { TryRecording } from '../review/tryRecording.js';
import { useHome } from '../shared/home.js';
import type { TextKey } from '../texts/catalogue.js';
import { UnknownVoices } from '../unknown/unknownVoices.js';
import { useView } from './useView.js';

const TITLES = {
  live: 'live.title',
  turns: 'turns.title',
  recording: 'panel.recording',
  people: 'people.title',
  unknown: 'unknown.title',
  jobs: 'jobs.title',
  keys: 'keys.title',
} as const satisfies Record<string, TextKey>;
type View = keyof typeof TITLES;

/** The views that the scopes of a key are enough for. */
function viewsOf(scopes: SessionInfo['scopes'], isLiveOnly: boolean): readonly View[] {
  if (isLiveOnly) return ['live'];
  const isAdmin = scopes.includes('admin');
  const mayIdentify = isAdmin || scopes.includes('identify');
  const mayEnrol = isAdmin || scopes.includes('enrol');
  const views: readonly (readonly [View, boolean])[] = [
    ['live', mayIdentify],
    ['turns', mayEnrol],
    ['recording', mayIdentify],
    ['people', mayEnrol],
    ['unknown', mayEnrol],
    ['jobs', mayIdentify],
    ['keys', true],
  ];
  return views.filter(([, isShown]) => isShown).map(([view]) => view);
}

interface ViewsProps {
  readonly session: SessionInfo;
  /** There are live streams here and nothing else. */
  readonly isLiveOnly: boolean;
  readonly server: ServerClient;
  readonly onSignOut: (() => void) | undefined;
}

/** The navigation, and one view at a time. */
export function Views({ session, isLiveOnly, server, onSignOut }: ViewsProps) {
  const { text, mayAdminister } = useHome();
  const views = viewsOf(session.scopes, isLiveOnly);
  const view = useView(views);
  const titleOf = (name: View) => text(name === 'keys' && !mayAdminister ? 'usage.title' : TITLES[name]);
  const title = titleOf(view);
  useEffect(() => {
    document.title = `${title} – voice-prints`;
  }, [title]);
  return (
    <>
      <button type="button" class="vp-skip" onClick={skip}>
        {text('console.skip')}
      </button>
      <header class="vp-top">
        <h1>{text('console.title')}</h1>
        <nav aria-label={text('console.title')}>
          {views.map((name) => (
            <a key={name} href={`#${name}`} aria-current={name === view ? 'page' : undefined}>
              {titleOf(name)}
            </a>
          ))}
        </nav>
        <p class="vp-who">
          {session.tenantId !== '' && text('console.tenant', { tenant: session.tenantId })}{' '}
          {onSignOut && (
            <button type="button" onClick={onSignOut}>
              {text('console.signOut')}
            </button>
          )}
        </p>
      </header>
      <main id="content" tabIndex={-1}>
        {view === 'live' && <Live hasReview={!isLiveOnly} />}
        {view === 'turns' && (
          <Titled title={title}>
            <RecentTurns />
          </Titled>
        )}
        {view === 'recording' && (
          <Titled title={title}>
            <TryRecording />
          </Titled>
        )}
        {view === 'people' && <People />}
        {view === 'unknown' && (
          <Titled title={title}>
            <UnknownVoices />
          </Titled>
        )}
        {view === 'jobs' && <Jobs client={server} />}
        {view === 'keys' && (
          <>
            {mayAdminister && <Keys client={server} />}
            <UsageView client={server} />
          </>
        )}
      </main>
    </>
  );
}

function Titled({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <>
      <h2 class="vp-title">{title}</h2>
      {children}
    </>
  );
}

const skip = () => document.getElementById('content')?.focus();
