import type { NodeMessageInFlow } from 'node-red';
import { asVoicePrintsError, VoicePrintsError } from '../../src/index.js';
import type { SourceClaim, SourcePlaces } from '../../src/sources/sourcePlaces.js';
import type { Command } from '../shared/liveCommand.js';
import type { SourceDriver, SourceNode } from './sourceDriver.js';

/** Commands that are for whoever listens. */
const OF_LISTENER: readonly string[] = ['call', 'hangup'];

interface SharedDriverOptions {
  /** The source itself. */
  readonly driver: SourceDriver;
  readonly openPlaces: () => Promise<SourcePlaces>;
}

/** A source that one of several Node-REDs listens to, known to all by the name of the node: it runs where its lease is. */
export class SharedDriver implements SourceDriver {
  readonly #own: SourceNode;
  readonly #options: SharedDriverOptions;
  #places: SourcePlaces | undefined;
  #claim: SourceClaim | undefined;
  #isWanted = false;
  #startedBy: NodeMessageInFlow | undefined;
  /** Of the lease it was last started with: a file that is over is not played again. */
  #startedWith: number | undefined;
  /** Changes, one after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(own: SourceNode, options: SharedDriverOptions) {
    this.#own = own;
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#isWanted && (this.#token === undefined || this.#options.driver.isRunning);
  }

  async start(msg: NodeMessageInFlow): Promise<void> {
    if (this.isRunning) return;
    this.#isWanted = true;
    this.#startedBy = msg;
    this.#startedWith = undefined;
    try {
      this.#places ??= await this.#options.openPlaces();
      if (!this.#isWanted) return; // stopped meanwhile
      this.#claim ??= this.#places.claim({ name: this.#name(), group: this.#name() }, () => void this.#follow());
    } catch (error) {
      this.#isWanted = false;
      throw error;
    }
    this.#claim.want(true);
    await this.#follow();
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    this.#claim?.want(false);
    await this.#follow();
    if (this.#claim) this.#places?.drop(this.#claim);
    this.#claim = undefined;
    this.#own.badge.show({ status: 'ended' });
  }

  async handle(msg: NodeMessageInFlow, command: Command | undefined): Promise<boolean> {
    if (this.#token !== undefined) return this.#options.driver.handle(msg, command);
    return this.#isWanted && OF_LISTENER.includes(command?.action ?? '');
  }

  #name(): string {
    const name = (this.#own.node.name ?? '').trim();
    if (name !== '') return name;
    const message = 'a source that several Node-REDs share needs a name, the same in each; enter it in this node';
    throw new VoicePrintsError('CONFIG_INVALID', message);
  }

  #follow(): Promise<void> {
    this.#last = this.#last
      .then(() => this.#apply())
      .catch((thrown: unknown) => {
        const { code, message } = asVoicePrintsError(thrown);
        this.#own.node.warn(message);
        this.#own.badge.show({ status: 'ended', code, message });
      });
    return this.#last;
  }

  async #apply(): Promise<void> {
    const { driver } = this.#options;
    if (this.#token === undefined || this.#token !== this.#startedWith) await driver.stop();
    const token = this.#token;
    if (token === undefined) {
      this.#claim?.giveBack();
      if (this.#isWanted) this.#showWaiting();
    } else if (token !== this.#startedWith) {
      this.#startedWith = token;
      await driver.start(this.#startedBy!);
    }
  }

  /** Of the lease with which this Node-RED may listen. */
  get #token(): number | undefined {
    return this.#isWanted ? this.#claim?.token : undefined;
  }

  #showWaiting(): void {
    const { RED, badge } = this.#own;
    if (this.#claim?.isElsewhere) badge.words('grey', 'dot', RED._('audio-source.status.elsewhere'));
    else badge.words('yellow', 'ring', RED._('audio-source.status.unplaced'));
  }
}
