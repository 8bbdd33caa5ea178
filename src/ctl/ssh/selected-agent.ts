import ssh2, {
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
  type IdentityCallback,
} from 'ssh2';
import type { Identity } from './identities.js';

/** The user's agent as ssh uses it: keys of the configured identity files first, and only them if so configured. */
export class SelectedAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: ssh2.OpenSSHAgent;

  constructor(
    socketPath: string,
    private readonly identities: readonly Identity[],
    private readonly identitiesOnly: boolean,
  ) {
    super();
    this.#agent = new ssh2.OpenSSHAgent(socketPath);
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    this.#agent.getIdentities((error, keys) => {
      if (error !== null && error !== undefined) return callback(error);
      const isConfigured = (key: ParsedKey): boolean =>
        this.identities.some((identity) => identity.publicKey?.equals(key.getPublicSSH()) === true);
      const all = (keys ?? []) as ParsedKey[];
      const configured = all.filter(isConfigured);
      callback(
        null,
        this.identitiesOnly ? configured : [...configured, ...all.filter((key) => !isConfigured(key))],
      );
    });
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    optionsOrCallback: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    if (typeof optionsOrCallback === 'function') this.#agent.sign(key, data, optionsOrCallback);
    else this.#agent.sign(key, data, optionsOrCallback, callback);
  }
}
