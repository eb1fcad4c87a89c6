import type { Catalogue, TextsOf } from './catalogue.js';
import { de } from './de.js';
import { enUS } from './enUS.js';
import { es } from './es.js';
import { fr } from './fr.js';
import { ja } from './ja.js';
import { zhCN } from './zhCN.js';

const CATALOGUES: Readonly<Record<string, Catalogue>> = { 'en-US': enUS, de, fr, es, ja, 'zh-CN': zhCN };

/** The first of these languages that there is a catalogue of; English otherwise. */
export function languageOf(wanted: readonly string[]): string {
  for (const tag of wanted) {
    const [base] = tag.toLowerCase().split('-');
    const found = Object.keys(CATALOGUES).find((known) => known.toLowerCase().split('-')[0] === base);
    if (found !== undefined) return found;
  }
  return 'en-US';
}

export const textsOf = (language: string): TextsOf => {
  const catalogue = CATALOGUES[language] ?? enUS;
  return (key, values = {}) => catalogue[key].replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
};
