/** Formats seconds as a clock: `0:03.2`, `12:40.0`, `1:02:03.4`. */
export function clock(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const pad = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(tenths / 36_000);
  const minutes = Math.floor(tenths / 600) % 60;
  const rest = `${pad(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
  return hours > 0 ? `${hours}:${pad(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** A probability 0..1 as whole percent; never a rounded-up certainty. */
export const percent = (probability: number): string => `${Math.min(99, Math.round(100 * probability))} %`;
