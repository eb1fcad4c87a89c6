import { useCallback, useState } from 'preact/hooks';
import type { KeyInfo, ServerClient } from '../client/serverClient.js';
import { moment } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { Modal } from '../shared/modal.js';
import { Problem } from '../shared/problem.js';
import { useLoaded } from '../shared/useLoaded.js';
import { useTask } from '../shared/useTask.js';
import { NewKey } from './newKey.js';

/** The keys of the tenant, for admins: create, revoke. */
export function Keys({ client }: { readonly client: ServerClient }) {
  const { text } = useHome();
  const { value: keys, refused, reload } = useLoaded(useCallback(() => client.keys(), [client]));
  const [isMaking, setIsMaking] = useState(false);
  const [revoking, setRevoking] = useState<KeyInfo | undefined>();
  const close = () => {
    setIsMaking(false);
    setRevoking(undefined);
    reload();
  };
  const shown = keys?.filter(({ isRevoked }) => !isRevoked) ?? [];
  return (
    <section aria-labelledby="vp-keys-title">
      <div class="vp-head">
        <h2 id="vp-keys-title">{text('keys.title')}</h2>
        <button type="button" class="vp-main" onClick={() => setIsMaking(true)}>
          {text('keys.create')}
        </button>
      </div>
      <p class="vp-hint">{text('keys.hint')}</p>
      <Problem refused={refused} />
      {keys !== undefined && shown.length === 0 && <p class="vp-empty">{text('keys.none')}</p>}
      <ul class="vp-cards">
        {shown.map((key) => (
          <Key key={key.keyId} info={key} onRevoke={() => setRevoking(key)} />
        ))}
      </ul>
      {isMaking && <NewKey client={client} onDone={close} />}
      {revoking && <RevokeKey client={client} info={revoking} onDone={close} />}
    </section>
  );
}

function Key({ info, onRevoke }: { readonly info: KeyInfo; onRevoke(): void }) {
  const { text, language } = useHome();
  const { keyId, label, scopes, createdAt, endsAt, lastUsedAt, isOwn } = info;
  return (
    <li class="vp-card" data-key={keyId}>
      <h3>
        {label || keyId} {isOwn && <span class="vp-badge vp-good">{text('keys.own')}</span>}
      </h3>
      <dl class="vp-facts">
        <dt>{text('keys.id')}</dt>
        <dd>
          <code>{keyId}</code>
        </dd>
        <dt>{text('keys.scopes')}</dt>
        <dd>{scopes.map((scope) => text(`scope.${scope}`)).join(', ')}</dd>
        <dt>{text('keys.created')}</dt>
        <dd>{moment(createdAt, language)}</dd>
        <dt>{text('keys.lastUsed')}</dt>
        <dd>{lastUsedAt === null ? text('keys.neverUsed') : moment(lastUsedAt, language)}</dd>
        {endsAt !== null && (
          <>
            <dt>{text('keys.ends')}</dt>
            <dd>{moment(endsAt, language)}</dd>
          </>
        )}
      </dl>
      <div class="vp-actions">
        <button type="button" class="vp-danger" onClick={onRevoke}>
          {text('keys.revoke')}
        </button>
      </div>
    </li>
  );
}

interface RevokeKeyProps {
  readonly client: ServerClient;
  readonly info: KeyInfo;
  onDone(): void;
}

function RevokeKey({ client, info: { keyId, label, isOwn }, onDone }: RevokeKeyProps) {
  const { text } = useHome();
  const { isRunning, refused, run } = useTask();
  const revoke = () =>
    run(async () => {
      await client.revokeKey(keyId);
      onDone();
    });
  return (
    <Modal title={text('keys.revokeTitle', { name: label || keyId })} onClose={onDone}>
      <p>{text(isOwn ? 'keys.revokeOwn' : 'keys.revokeHint')}</p>
      <Problem refused={refused} />
      <div class="vp-actions">
        <button type="button" class="vp-danger" disabled={isRunning} onClick={revoke}>
          {text('keys.revoke')}
        </button>
        <button type="button" onClick={onDone}>
          {text('action.cancel')}
        </button>
      </div>
    </Modal>
  );
}
