import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { refusedOf } from '../client/refused.js';
import { restClient } from '../client/restClient.js';
import { type ServerClient, serverClient } from '../client/serverClient.js';
import type { SessionInfo, VoicesClient } from '../client/voicesClient.js';
import { Jobs } from '../jobs/jobs.js';
import { Keys } from '../keys/keys.js';
import { UsageView } from '../keys/usage.js';
import { Live } from '../live/live.js';
import { People } from '../people/people.js';
import { type Home, HomeProvider } from '../shared/home.js';
import { useTask } from '../shared/useTask.js';
import type { TextKey } from '../texts/catalogue.js';
import { languageOf, textsOf } from '../texts/texts.js';
import { keyStore } from './keyStore.js';
import { SignIn } from './signIn.js';
import { useView } from './useView.js';

const VIEWS = {
  live: 'live.title',
  people: 'people.title',
  jobs: 'jobs.title',
  keys: 'keys.title',
} as const satisfies Record<string, TextKey>;
type View = keyof typeof VIEWS;
const VIEW_NAMES = Object.keys(VIEWS) as View[];
const LIVE_VIEWS: readonly View[] = ['live'];

interface ConsoleProps {
  /** Address of the server, without a slash at its end. */
  readonly base: string;
  /** A gateway has signed the user in. */
  readonly isSignedIn: boolean;
}

/** The whole page: sign-in, then one view at a time. */
export function Console({ base, isSignedIn }: ConsoleProps) {
  const [key, setKey] = useState(keyStore.read);
  const [session, setSession] = useState<SessionInfo | undefined>();
  const task = useTask();
  const { run } = task;
  const language = useMemo(() => languageOf(navigator.languages), []);
  const calls = useMemo(
    () => ({ base, headers: () => (key === undefined ? {} : { authorization: `Bearer ${key}` }) }),
    [base, key],
  );
  const client = useMemo(() => restClient({ ...calls, streamKey: () => key }), [calls, key]);
  const signOut = useCallback(() => {
    keyStore.write(undefined);
    setKey(undefined);
    setSession(undefined);
  }, []);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  useEffect(() => {
    if (key === undefined && !isSignedIn) return;
    run(async () => {
      try {
        setSession(await sessionOf(client));
        keyStore.write(key);
      } catch (thrown) {
        if (refusedOf(thrown).code === 'KEY_INVALID') keyStore.write(undefined);
        setKey(undefined);
        throw thrown;
      }
    });
  }, [client, key, isSignedIn, run]);
  const server = useMemo(() => serverClient(calls), [calls]);
  const home: Home = {
    client,
    text: textsOf(language),
    language,
    workletAddress: `${base}/microphone.js`,
    mayEnrol: may(session, 'enrol'),
    mayAdminister: may(session, 'admin'),
    isConsentRequired: session?.isConsentRequired === true,
  };
  return (
    <HomeProvider value={home}>
      {session === undefined ? (
        <SignIn task={task} onKey={setKey} />
      ) : (
        <Views session={session} home={home} server={server} onSignOut={isSignedIn ? undefined : signOut} />
      )}
    </HomeProvider>
  );
}

/** Where only live streams are switched on (in the store of Node-RED), there is nothing else to see, and the stream checks the key. */
const LIVE_ONLY: SessionInfo = {
  tenantId: '',
  scopes: ['identify', 'enrol'],
  strangers: '',
  isConsentRequired: false,
  model: '',
  version: '',
};

async function sessionOf(client: VoicesClient): Promise<SessionInfo> {
  try {
    return await client.session();
  } catch (thrown) {
    if (refusedOf(thrown).status === 404) return LIVE_ONLY;
    throw thrown;
  }
}

const may = (session: SessionInfo | undefined, scope: SessionInfo['scopes'][number]): boolean =>
  session?.scopes.some((held) => held === scope || held === 'admin') === true;

interface ViewsProps {
  readonly session: SessionInfo;
  readonly home: Home;
  readonly server: ServerClient;
  readonly onSignOut: (() => void) | undefined;
}

function Views({ session, home: { text, mayAdminister }, server, onSignOut }: ViewsProps) {
  const views = session === LIVE_ONLY ? LIVE_VIEWS : VIEW_NAMES;
  const view = useView(views);
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
              {text(VIEWS[name])}
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
        {view === 'live' && <Live />}
        {view === 'people' && <People />}
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

const skip = () => document.getElementById('content')?.focus();
