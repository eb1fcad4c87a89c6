import type { FalseAcceptPercent } from '../../core/identification.js';
import type { Engine } from '../../engine/engine.js';
import type { FailureReport } from '../calls/call.js';
import type { AsrInfo, WyomingAddress } from './asrLink.js';
import type { CommandSpeaker } from './commandSpeaker.js';
import type { WyomingLimits } from './limits.js';

/** What all connections of one server share. */
export interface WyomingSurface {
  readonly engine: Engine;
  readonly tenantId: string;
  readonly limits: WyomingLimits;
  /** The user's own speech-to-text service; undefined: only identities are served. */
  readonly asr: { readonly address: WyomingAddress; readonly info: AsrInfo } | undefined;
  /** Before the text of a transcript whose speaker is named; `{name}` stands for the name. */
  readonly prefix: string | undefined;
  /** Whether clients may enrol, delete and list people. */
  readonly mayEnrol: boolean;
  readonly falseAcceptPercent: FalseAcceptPercent | undefined;
  /** Commands in progress, of all connections. */
  readonly streams: { count: number };
  /** Called with the speaker of each command. */
  readonly onSpeaker: ((speaker: CommandSpeaker) => void) | undefined;
  readonly report: (failure: FailureReport) => void;
}
