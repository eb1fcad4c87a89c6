import { useState } from 'preact/hooks';
import type { ServerClient } from '../client/serverClient.js';
import type { Scope } from '../client/voicesClient.js';
import { useHome } from '../shared/home.js';
import { Modal } from '../shared/modal.js';
import { Problem } from '../shared/problem.js';
import { useTask } from '../shared/useTask.js';

const SCOPES: readonly Scope[] = ['identify', 'enrol', 'admin'];

/** Makes a key and shows it, this once. */
export function NewKey({ client, onDone }: { readonly client: ServerClient; onDone(): void }) {
  const { text } = useHome();
  const [label, setLabel] = useState('');
  const [scopes, setScopes] = useState<readonly Scope[]>(['identify']);
  const [made, setMade] = useState<string | undefined>();
  const { isRunning, refused, run } = useTask();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    run(async () => setMade(await client.createKey(label.trim(), scopes)));
  };
  const tick = (scope: Scope, isTicked: boolean) =>
    setScopes((before) => SCOPES.filter((one) => (one === scope ? isTicked : before.includes(one))));
  return (
    <Modal title={text('keys.create')} onClose={onDone}>
      {made ? (
        <>
          <label class="vp-field">
            {text('keys.made')}
            <input readOnly value={made} onFocus={(event) => event.currentTarget.select()} />
            <span class="vp-hint">{text('keys.once')}</span>
          </label>
          <div class="vp-actions vp-end">
            <button type="button" class="vp-main" onClick={onDone}>
              {text('action.done')}
            </button>
          </div>
        </>
      ) : (
        <form onSubmit={submit}>
          <label class="vp-field">
            {text('keys.label')}
            <input
              value={label}
              maxLength={200}
              autoComplete="off"
              onInput={(event) => setLabel(event.currentTarget.value)}
            />
          </label>
          <fieldset>
            <legend>{text('keys.scopes')}</legend>
            {SCOPES.map((scope) => (
              <label key={scope} class="vp-tick">
                <input
                  type="checkbox"
                  checked={scopes.includes(scope)}
                  onChange={(event) => tick(scope, event.currentTarget.checked)}
                />
                <span>{text(`scopeHint.${scope}`)}</span>
              </label>
            ))}
          </fieldset>
          <Problem refused={refused} />
          <div class="vp-actions">
            <button type="submit" class="vp-main" disabled={isRunning || scopes.length === 0}>
              {text('keys.create')}
            </button>
            <button type="button" onClick={onDone}>
              {text('action.cancel')}
            </button>
          </div>
        </form>
      )}
    </Modal>
  );
}
