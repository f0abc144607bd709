/** Signalbox's log, retold in one line per move for who looks at it for the first time. */

/** What the log says of a change; other lines are not retold. */
interface LogLine {
  readonly msg?: string;
  readonly level?: number;
  readonly hostname?: string;
  /** `before -> after`, of "route changed". */
  readonly endpoints?: string;
  readonly ms?: number;
  /** Code of a problem. */
  readonly problem?: string;
  readonly object?: string;
  readonly at?: string;
  readonly remedy?: string;
  readonly resource?: string;
  readonly detail?: string;
  readonly because?: string;
}

/** pino's number for warnings; what is above is worse. */
const WARNING = 40;

/** A move is told when it has been acknowledged, or after this time without. */
const UNACKNOWLEDGED_MS = 3_000;

const NO_MOVES_YET: ReadonlySet<string> = new Set(["route changed", "change acknowledged"]);

/** Good news that ends a warning. */
const CURRENT_AGAIN = "source is current again";

/** Takes the log line by line, in its own time. Told from the start, of moves after `begin`, of nothing after `end`. */
export class QuickstartStory {
  readonly #say: (line: string) => void;
  readonly #nameOf: (address: string) => string;
  /** Moves that wait for their acknowledgement. */
  #moves: string[] = [];
  #begun = false;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;

  /** `nameOf` gives the host that listens on `ip:port`, or the address itself. */
  constructor(say: (line: string) => void, nameOf: (address: string) => string) {
    this.#say = say;
    this.#nameOf = nameOf;
  }

  /** From now on moves are told too. What happens at the start is no move; problems are told in any case. */
  begin(): void {
    this.#begun = true;
  }

  /** Everything is being stopped, and who says so now is no news. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  /** A pretended host is gone, whether somebody killed it or it broke. */
  hostEnded(name: string, reason: string): void {
    if (!this.#ended) this.#say(`${name} ended with ${reason}; its requests are retried on other hosts`);
  }

  /** Anything that is no line of JSON is passed on as it is: it is somebody's last words. */
  take(text: string): void {
    if (this.#ended) return;
    const line = parsed(text);
    if (line === undefined) {
      this.#say(text);
      return;
    }
    const { msg, hostname, endpoints, ms, problem, object, at, remedy } = line;
    if (!this.#begun && msg !== undefined && NO_MOVES_YET.has(msg)) return;
    if (msg === "route changed" && hostname !== undefined && endpoints !== undefined) {
      this.#moves.push(`${hostname}: ${this.#named(endpoints)}`);
      this.#timer ??= setTimeout(() => this.#tell("not acknowledged yet"), UNACKNOWLEDGED_MS).unref();
    } else if (msg === "change acknowledged") this.#tell(`Envoy acknowledged it after ${ms} ms`);
    else if (msg === "problem solved") this.#say(`${object}: solved (${problem})`);
    else if (problem !== undefined) this.#say(`${at === undefined ? "" : `${at}: `}${object}: ${msg}. ${remedy}`);
    else if ((line.level ?? 0) >= WARNING || msg === CURRENT_AGAIN)
      this.#say([msg, line.resource, line.detail, line.because, remedy].filter(Boolean).join(": "));
  }

  #tell(how: string): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const move of this.#moves) this.#say(`${move} (${how})`);
    this.#moves = [];
  }

  #named(endpoints: string): string {
    return endpoints
      .replaceAll(/\[[0-9a-f:]+\]:\d+|\d+\.\d+\.\d+\.\d+:\d+/g, (address) => this.#nameOf(address))
      .replace(" -> ", " → ");
  }
}

function parsed(text: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as LogLine) : undefined;
  } catch {
    return undefined;
  }
}
