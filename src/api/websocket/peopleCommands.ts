import type { Actor } from '../../core/audit.js';
import { present } from '../../core/present.js';
import type { Engine, LiveSession } from '../../index.js';
import type { Numbered, PeopleCommand } from './protocol.js';

/** What commands about people work on. */
export interface PeopleSide {
  readonly engine: Engine;
  readonly live: LiveSession;
  readonly tenantId: string;
  readonly languageCode: string | undefined;
  readonly actor: Actor;
}

/** Does a command; throws what the engine throws. */
export async function answerTo(command: PeopleCommand, side: PeopleSide): Promise<Numbered> {
  const { engine, live, tenantId, languageCode, actor } = side;
  const { id } = command;
  if (command.type === 'undo')
    return { type: 'feedback', id, result: await engine.turns(tenantId, actor).undo(command.feedbackId) };
  if (command.type === 'feedback') {
    const { type: _, id: __, verdict, ...fields } = command;
    const request = { verdict, ...present(fields) };
    return { type: 'feedback', id, result: await engine.turns(tenantId, actor).feedback(request) };
  }
  const { cluster, speakerId, name, consentText, consentVersion } = command;
  const person = { speakerId, ...present({ cluster, name, consentText, consentVersion, languageCode }) };
  return { type: 'enrolled', id, result: await live.enrollUnknown(person, { actor }) };
}
