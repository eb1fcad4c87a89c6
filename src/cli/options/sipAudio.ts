import { CallsAudio, type LiveAudio } from '../../live.js';
import { parseSipLine } from '../../sources/sipLine.js';
import type { Terminal } from '../command.js';

/** The calls of a `sip:` source of the command line. The password comes from the environment. Throws USAGE. */
export const sipAudio = (text: string, { env, signal }: Terminal): LiveAudio =>
  new CallsAudio({ ...parseSipLine(text, env.VOICE_PRINTS_SIP_PASSWORD ?? ''), signal });
