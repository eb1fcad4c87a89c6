import { useState } from 'preact/hooks';
import { useHome } from '../shared/home.js';
import { Problem } from '../shared/problem.js';
import type { Task } from '../shared/useTask.js';

interface SignInProps {
  readonly task: Task;
  onKey(key: string): void;
}

export function SignIn({ task, onKey }: SignInProps) {
  const { text } = useHome();
  const [key, setKey] = useState('');
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onKey(key.trim());
  };
  return (
    <main class="vp-sign-in">
      <h1>{text('console.title')}</h1>
      <form onSubmit={submit}>
        <label class="vp-field">
          {text('console.key')}
          <input
            type="password"
            autoComplete="current-password"
            required
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
          <span class="vp-hint">{text('console.keyHint')}</span>
        </label>
        <Problem refused={task.refused} />
        <button type="submit" class="vp-main" disabled={task.isRunning}>
          {text('console.signIn')}
        </button>
      </form>
    </main>
  );
}
