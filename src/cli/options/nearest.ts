/** Letters by which a mistyped word may differ, and less than one of two. */
const MOST_DIFFERENCES = 2;

/** The known word that a mistyped one was meant to be: few letters differ, or one begins with the other; undefined where none is near. */
export function nearest(typed: string, known: Iterable<string>): string | undefined {
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const word of known) {
    const isBeginning = typed.length >= 3 && (word.startsWith(typed) || typed.startsWith(word));
    const distance = differences(typed, word);
    const isNear = isBeginning || distance <= Math.min(MOST_DIFFERENCES, typed.length / 2);
    if (isNear && (best === undefined || distance < best.distance)) best = { word, distance };
  }
  return best?.word;
}

/** Letters that are missing, too many, wrong, or changed places with their neighbour (optimal string alignment distance). */
function differences(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? rows[i - 2]![j - 2]! + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (isSame ? 0 : 1), swapped));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/** `; did you mean show`, or nothing. */
export function didYouMean(typed: string, known: Iterable<string>): string {
  const word = nearest(typed, known);
  return word === undefined ? '' : `; did you mean ${word}`;
}
