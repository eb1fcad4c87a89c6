import { useSurroundings } from './home.js';

/** Below this a microphone hears nothing but itself. */
const QUIETEST_DB = -60;

/** How loud the microphone is, on a scale of decibels as ears hear it. */
export function LevelMeter({ loudnessDb }: { readonly loudnessDb: number }) {
  const { text } = useSurroundings();
  return (
    <meter
      class="vp-level"
      aria-label={text('microphone.level')}
      min={QUIETEST_DB}
      max={0}
      low={-48}
      high={-6}
      optimum={-20}
      value={Math.max(QUIETEST_DB, loudnessDb)}
    />
  );
}
