import { VoicePrintsError } from '../../core/errors.js';
import { isPlainLine, isPlainText } from '../../core/plainText.js';

const MAX_NAME_LENGTH = 200;

/** What is said of a person in words, and stored with the voiceprint. */
interface PersonTexts {
  readonly name?: string | undefined;
  readonly consentText?: string | undefined;
  readonly consentVersion?: string | undefined;
  readonly languageCode?: string | undefined;
}

/** Throws INPUT_INVALID for a name that is empty, too long to show, or has characters that cannot be shown. */
export function assertName(name: string): void {
  if (name.trim() === '' || name.length > MAX_NAME_LENGTH) {
    throw invalid(`a name has 1 to ${MAX_NAME_LENGTH} characters; give one, or none to keep the id`);
  }
  if (!isPlainLine(name)) throw invalid(`a name is one line ${WITHOUT}`);
}

/** The rule of every way in by which texts about a person come. Throws INPUT_INVALID. */
export function assertPersonTexts({
  name,
  consentText = '',
  consentVersion = '',
  languageCode = '',
}: PersonTexts): void {
  if (name !== undefined) assertName(name);
  if (!isPlainText(consentText)) throw invalid(`a consent is a text ${WITHOUT}`);
  if (!isPlainLine(consentVersion)) throw invalid(`the version of a consent is one line ${WITHOUT}`);
  if (!isPlainLine(languageCode)) throw invalid(`the code of a language is one line ${WITHOUT}`);
}

const WITHOUT = 'without control characters; leave them out';

const invalid = (message: string) => new VoicePrintsError('INPUT_INVALID', message);
