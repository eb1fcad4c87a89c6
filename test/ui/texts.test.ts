import { expect, test } from 'vitest';
import { de } from '../../src/ui/texts/de.js';
import { enUS } from '../../src/ui/texts/enUS.js';
import { es } from '../../src/ui/texts/es.js';
import { fr } from '../../src/ui/texts/fr.js';
import { ja } from '../../src/ui/texts/ja.js';
import { languageOf, textsOf } from '../../src/ui/texts/texts.js';
import { zhCN } from '../../src/ui/texts/zhCN.js';

const placesIn = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

test.each(Object.entries({ de, es, fr, ja, zhCN }))(
  '%s has every text, with the same places to fill in',
  (_, catalogue) => {
    expect(Object.keys(catalogue).sort()).toEqual(Object.keys(enUS).sort());
    for (const [key, text] of Object.entries(catalogue)) {
      expect([key, placesIn(text)]).toEqual([key, placesIn(enUS[key as keyof typeof enUS])]);
      expect(text.trim(), key).not.toBe('');
    }
  },
);

test('the language is the first one that there is, whatever its region', () => {
  expect(languageOf(['pt-BR', 'de-CH', 'en'])).toBe('de');
  expect(languageOf(['zh-TW'])).toBe('zh-CN');
  expect(languageOf(['xx'])).toBe('en-US');
});

test('what is filled in is not read again', () => {
  expect(textsOf('en-US')('people.renameTitle', { name: '{name} $& <b>' })).toBe('Rename {name} $& <b>');
});
