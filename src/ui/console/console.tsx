import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { refusedOf } from '../client/refused.js';
import { restClient } from '../client/restClient.js';
import { serverClient } from '../client/serverClient.js';
import type { SessionInfo, VoicesClient } from '../client/voicesClient.js';
import { type Home, HomeProvider } from '../shared/home.js';
import { useTask } from '../shared/useTask.js';
import { languageOf, textsOf } from '../texts/texts.js';
import { keyStore } from './keyStore.js';
import { SignIn } from './signIn.js';
import { Views } from './views.js';

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
        <Views
          session={session}
          isLiveOnly={session === LIVE_ONLY}
          server={server}
          onSignOut={isSignedIn ? undefined : signOut}
        />
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
