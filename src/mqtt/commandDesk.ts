import type { Actor } from '../core/audit.js';
import { asVoicePrintsError, VoicePrintsError } from '../core/errors.js';
import type { FeedbackResult } from '../core/feedback.js';
import type { EnrollResult } from '../core/identification.js';
import { present } from '../core/present.js';
import type { EnrollUnknownRequest } from '../engine/requests/enrollRequest.js';
import type { FeedbackRequest } from '../engine/requests/turns.js';
import { baseTopicsOf, type MqttMessage, topicsOf } from '../events/index.js';
import { type MqttCommand, parseCommand, requestIdOf } from './commands.js';

/** Commands that wait for others; more are refused. */
const MAX_COMMANDS = 16;
/** Sites that an answer lists. */
const MAX_LISTED = 8;
const MAX_SITE_LENGTH = 128;
const ACTOR: Actor = { name: 'mqtt' };

/** What a publisher offers to command. Methods throw VoicePrintsError. */
export interface LiveControl {
  /** Enrols an unknown voice heard at `site`, by default the one heard last anywhere. */
  enroll(
    request: EnrollUnknownRequest,
    site: string | undefined,
    actor: Actor,
  ): Promise<{ readonly site: string | undefined; readonly result: EnrollResult }>;
  /** What a person says of a turn or an unknown voice heard at `site`, or anywhere. */
  feedback(request: FeedbackRequest, site: string | undefined, actor: Actor): Promise<FeedbackResult>;
  undo(feedbackId: string, site: string | undefined, actor: Actor): Promise<FeedbackResult>;
  /** The source of that id, or all of the site, or all. */
  start(target: ControlTarget): void;
  stop(target: ControlTarget): void;
}

export interface ControlTarget {
  readonly source: string | undefined;
  readonly site: string | undefined;
}

export interface CommandDeskOptions {
  readonly topicBase: string;
  readonly control: LiveControl;
  /** Sites that exist. */
  readonly sites: () => readonly string[];
  /** Whether commands for a site are for another process. */
  readonly isElsewhere: (site: string) => boolean;
  readonly publish: (message: MqttMessage) => void;
  /** Everything that is retained, once more. */
  readonly announce: () => void;
  /** Withdraws what is retained of a site, or of all. */
  readonly remove: (site: string | undefined) => void;
  readonly onEnrolled: () => void;
}

/** Commands from the broker, carried out one after the other; what fails is answered on the topic of errors. */
export class CommandDesk {
  readonly #options: CommandDeskOptions;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(options: CommandDeskOptions) {
    this.#options = options;
  }

  /** Topics on which commands come: those of sites that do not exist too, so that a mistyped one is answered. */
  get topics(): readonly string[] {
    const { topicBase: base, sites } = this.#options;
    // `+` is one level: overlapping subscriptions would deliver a command twice with some brokers.
    const deeper = sites().filter((site) => site.includes('/'));
    return [baseTopicsOf(base).command, ...['+', ...deeper].map((site) => topicsOf({ base, site }).command)];
  }

  receive(topic: string, payload: Uint8Array): void {
    const site = this.#siteOf(topic);
    const id = requestIdOf(payload);
    if (this.#waiting >= MAX_COMMANDS) {
      this.#refuse(new VoicePrintsError('ENGINE_BUSY', 'too many commands at a time; send fewer'), site, id);
      return;
    }
    this.#waiting += 1;
    this.#last = this.#last
      .then(() => this.#perform(parseCommand(payload), site))
      .catch((thrown: unknown) => {
        if (!this.#isElsewhere(site)) this.#refuse(thrown, site, id); // else that process answers
      })
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  /** Undefined: the command is for all sites. */
  #siteOf(topic: string): string | undefined {
    const { topicBase } = this.#options;
    if (topic === baseTopicsOf(topicBase).command) return undefined;
    return topic.slice(topicBase.length + 1, topic.lastIndexOf('/'));
  }

  async #perform(command: MqttCommand, site: string | undefined): Promise<void> {
    const { control, topicBase: base, publish } = this.#options;
    // Every process has to know which sources are stopped; all else is for the one that listens at the site.
    if (this.#isElsewhere(site) && command.action !== 'start' && command.action !== 'stop') return;
    if (site !== undefined) this.#assertKnown(site);
    switch (command.action) {
      case 'enroll': {
        const { id, speakerId, name, cluster, consent: consentText, consentVersion } = command;
        const person = { speakerId, ...present({ name, cluster, consentText, consentVersion }) };
        const answer = await control.enroll(person, site, ACTOR);
        const payload = { ...answer.result, ...present({ id }) };
        const topic = answer.site === undefined ? `${base}/enrolled` : topicsOf({ base, site: answer.site }).enrolled;
        publish({ topic, payload, qos: 1, retain: false });
        this.#options.onEnrolled();
        return;
      }
      case 'feedback': {
        const { action: _, id, consent: consentText, verdict, ...members } = command;
        const request = { verdict, ...present({ ...members, consentText }) };
        this.#answerFeedback(await control.feedback(request, site, ACTOR), site, id);
        return;
      }
      case 'undo':
        this.#answerFeedback(await control.undo(command.feedbackId, site, ACTOR), site, command.id);
        return;
      case 'start':
        return control.start({ source: command.source, site });
      case 'stop':
        return control.stop({ source: command.source, site });
      case 'announce':
        return this.#options.announce();
      case 'remove':
        return this.#options.remove(site);
    }
  }

  #answerFeedback(result: FeedbackResult, site: string | undefined, id: string | undefined): void {
    const { topicBase: base, publish } = this.#options;
    const topic = site === undefined ? `${base}/feedback` : topicsOf({ base, site }).feedback;
    publish({ topic, payload: { ...result, ...present({ id }) }, qos: 1, retain: false });
    if (result.learning.outcome === 'enrolled') this.#options.onEnrolled();
  }

  #isElsewhere(site: string | undefined): boolean {
    return site !== undefined && this.#options.isElsewhere(site);
  }

  #assertKnown(site: string): void {
    const known = this.#options.sites();
    if (known.includes(site) || this.#isElsewhere(site)) return;
    const listed = known.slice(0, MAX_LISTED).join(', ');
    const more = known.length > MAX_LISTED ? ' …' : '';
    throw new VoicePrintsError(
      'INPUT_INVALID',
      `there is no site of this name here; ${known.length > 0 ? `use one of ${listed}${more}` : 'there is none yet'}`,
    );
  }

  #refuse(thrown: unknown, site: string | undefined, id: string | undefined): void {
    const { topicBase, publish } = this.#options;
    const { code, message } = asVoicePrintsError(thrown);
    const payload = { code, message, ...present({ site: site?.slice(0, MAX_SITE_LENGTH), id }) };
    publish({ topic: baseTopicsOf(topicBase).errors, payload, qos: 1, retain: false });
  }
}
