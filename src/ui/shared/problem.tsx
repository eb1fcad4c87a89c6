import type { SampleReason } from '../../core/identification.js';
import type { Refused } from '../client/refused.js';
import type { TextKey, TextsOf } from '../texts/catalogue.js';
import { useSurroundings } from './home.js';

/** Refusals that have words in every language; all others are shown as the server worded them. */
const KEYS: Readonly<Record<string, TextKey>> = {
  UNREACHABLE: 'problem.unreachable',
  KEY_INVALID: 'problem.keyInvalid',
  KEY_SCOPE: 'problem.keyScope',
  CONSENT_REQUIRED: 'problem.consentRequired',
  QUOTA_USED_UP: 'problem.quota',
  TOO_MANY_REQUESTS: 'problem.tooMany',
  BODY_TOO_LARGE: 'problem.tooLarge',
  AUDIO_TOO_LARGE: 'problem.tooLarge',
  AUDIO_NOT_AUDIO: 'problem.notAudio',
  AUDIO_TOO_LONG: 'problem.tooLong',
  AUDIO_NO_SPEECH: 'problem.noSpeech',
  CLUSTER_NOT_FOUND: 'problem.voiceGone',
  NAME_TAKEN: 'problem.nameTaken',
  TURN_NOT_FOUND: 'problem.turnGone',
  STORE_NOT_DEPLOYED: 'problem.notDeployed',
  STREAM_OVER: 'problem.streamOver',
  MICROPHONE_INSECURE: 'microphone.insecure',
  MICROPHONE_DENIED: 'microphone.denied',
  MICROPHONE_MISSING: 'microphone.missing',
  MICROPHONE_FAILED: 'microphone.failed',
};

const REASON_KEYS: Readonly<Record<SampleReason['code'], TextKey>> = {
  TOO_LITTLE_SPEECH: 'reason.tooLittleSpeech',
  TOO_NOISY: 'reason.tooNoisy',
  TOO_QUIET: 'reason.tooQuiet',
  CLIPPED: 'reason.clipped',
  NARROW_BAND: 'reason.narrowBand',
  DC_OFFSET: 'reason.dcOffset',
  SECOND_VOICE: 'reason.secondVoice',
  DISAGREES_WITH_EARLIER: 'reason.disagrees',
  COLLIDES_WITH_OTHER: 'reason.collides',
  SAME_RECORDING: 'reason.sameRecording',
  NOTHING_KEPT: 'reason.nothingKept',
  AUDIO_UNREADABLE: 'reason.unreadable',
};

/** What stands in the way and what to do; nothing where nothing does. */
export function Problem({ refused }: { readonly refused: Refused | undefined }) {
  const { text } = useSurroundings();
  if (refused === undefined || refused.code === 'ABORTED') return null;
  const key = KEYS[refused.code];
  const reasons = refused.reasons.filter(({ refuses }) => refuses);
  return (
    <div class="vp-problem" role="alert">
      {reasons.length > 0 ? <Reasons reasons={reasons} /> : <p>{key ? text(key) : refused.message}</p>}
    </div>
  );
}

/** A reason of the enrolment gate in the language of the page. */
export function reasonText({ code, message }: SampleReason, text: TextsOf): string {
  return REASON_KEYS[code] ? text(REASON_KEYS[code]) : message;
}

/** Reasons of the enrolment gate; the measured figures, in English, as the hint of each. */
export function Reasons({ reasons }: { readonly reasons: readonly SampleReason[] }) {
  const { text } = useSurroundings();
  return (
    <ul class="vp-reasons">
      {reasons.map((reason) => (
        <li key={reason.code} title={reason.message}>
          {reasonText(reason, text)}
        </li>
      ))}
    </ul>
  );
}
