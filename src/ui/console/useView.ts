import { useEffect, useState } from 'preact/hooks';

/** The part of the console that the address names after its #; the first one where it names none of them. */
export function useView<View extends string>(views: readonly View[]): View {
  const read = () => views.find((view) => `#${view}` === location.hash) ?? views[0]!;
  const [view, setView] = useState(read);
  useEffect(() => {
    const follow = () => setView(read);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  });
  return view;
}
