/** What an option is: one description, from which the check, the defaults and the reference page are made. */

/** Why a value of the right type is not one that works: `cause` completes `<value> …`, `remedy` begins with a verb. */
export interface Refusal {
  readonly cause: string;
  readonly remedy: string;
}

interface Described {
  /** What it does, in full sentences, with its unit. */
  readonly effect: string;
  /** It has to be given where its section is. */
  readonly required?: true;
}

/** A text. */
interface TextOption extends Described {
  readonly type: "text";
  readonly default?: string;
  /** What it looks like, for the reference. */
  readonly example?: string;
  readonly check?: (text: string) => Refusal | undefined;
}

/** A number between bounds, both included. */
interface NumberOption extends Described {
  readonly type: "integer" | "number";
  readonly default?: number;
  readonly minimum: number;
  readonly maximum: number;
  /** What 0 means, where it is more than little. */
  readonly zero?: string;
}

/** Yes or no. */
interface SwitchOption extends Described {
  readonly type: "switch";
  readonly default: boolean;
}

/** One of several words. */
interface ChoiceOption extends Described {
  readonly type: "choice";
  readonly values: readonly string[];
  readonly default: string;
}

/** A list; empty unless given. */
interface ListOption extends Described {
  readonly type: "list";
  readonly of: Option;
}

/** Pairs of texts; none unless given. */
interface PairsOption extends Described {
  readonly type: "pairs";
}

/** Options under one name. */
export interface SectionOption extends Described {
  readonly type: "section";
  readonly options: Readonly<Record<string, Option>>;
  /** all: every option has its default (the default). one: exactly one of them is given. some: at least one is. */
  readonly given?: "all" | "one" | "some";
  /** Left out, it is off, rather than filled with defaults. */
  readonly optional?: true;
}

/** Any option. */
export type Option = TextOption | NumberOption | SwitchOption | ChoiceOption | ListOption | PairsOption | SectionOption;
