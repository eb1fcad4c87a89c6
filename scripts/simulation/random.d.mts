export function randomOf(seed: number): () => number;
export function exponential(random: () => number, mean: number): number;
export function logNormal(random: () => number, mean: number, sigma: number): number;
