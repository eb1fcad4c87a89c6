import type { Decision } from '../../core/identification.js';
import type { TextKey } from '../texts/catalogue.js';

/** How much a name is worth, as it is shown: certain, suggested, unmatched. */
export type Tier = 'certain' | 'suggested' | 'unmatched';

export const tierOf = (decision: Decision): Tier =>
  decision === 'identified' ? 'certain' : decision === 'uncertain' ? 'suggested' : 'unmatched';

export const TIER_TEXTS = {
  certain: 'tier.certain',
  suggested: 'tier.suggested',
  unmatched: 'tier.unmatched',
} as const satisfies Record<Tier, TextKey>;
