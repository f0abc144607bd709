/** What a command cannot do, told to the person who asked for it. */

/**
 * Thrown where a command stops because of something the user can put right: a missing tool, a taken port, a bad argument.
 * The message alone is enough to act on: the cause names the object, the remedy begins with a verb. Anything else that is
 * thrown is our own fault, and is printed with its stack.
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly remedy: string;
  /** 1: the request failed; 2: it was not understood. */
  readonly exitCode: 1 | 2;

  constructor(cause: string, remedy: string, options: ErrorOptions & { readonly exitCode?: 1 | 2 } = {}) {
    super(`${cause}. ${remedy}`, options);
    this.remedy = remedy;
    this.exitCode = options.exitCode ?? 1;
  }
}
