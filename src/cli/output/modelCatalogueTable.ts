import { type CatalogueModel, MODEL_CATALOGUE } from '../../index.js';
import { table } from './output.js';

/** The catalogue as data and as text. @param added ids in the store, by checksum */
export function catalogueOf(added: ReadonlyMap<string, string>): [answer: unknown, text: string] {
  const idOf = ({ sha256 }: CatalogueModel) => (sha256 === undefined ? undefined : added.get(sha256));
  const answer = MODEL_CATALOGUE.map((model) => ({
    ...model,
    sha256: model.sha256 ?? null,
    checksumFrom: model.checksumFrom ?? null,
    addedAs: idOf(model) ?? null,
  }));
  const rows = MODEL_CATALOGUE.map((model) => [
    model.name,
    model.kind,
    sizeText(model),
    model.licence,
    idOf(model) ?? '',
    model.about,
  ]);
  const sources = MODEL_CATALOGUE.map((model) => `${model.name}\n  ${model.address}\n  ${checksumText(model)}`);
  const text = table([['NAME', 'KIND', 'SIZE', 'LICENCE', 'ADDED AS', 'WHAT'], ...rows]);
  return [answer, `${text}\n\n${sources.join('\n')}`];
}

export const sizeText = ({ bytes }: CatalogueModel): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const checksumText = ({ sha256, checksumFrom }: CatalogueModel): string =>
  sha256 === undefined ? 'no SHA-256 is stated' : `SHA-256 ${sha256} (${checksumFrom ?? 'stated by the publisher'})`;
