/** What is measured, seen from outside: something that is told of moves and configures Envoys. */

/** One write of a change. */
export interface Written {
  /** When it was begun: the rename, the request, the call of the function; on the machine's clock. */
  readonly at: number;
  /** Until it was answered, in ms; 0 where nothing answers. */
  readonly tookMs: number;
}

export interface System {
  readonly pid: number;
  readonly xdsPort: number;
  /** From the start of the process to its readiness, in ms. */
  readonly readyMs: number;
  /** Its hostname's workload is on another host now. */
  move(hostname: string, host: number): Promise<Written>;
  /** Whatever exists of a workload before it is ready. */
  prepare(hostname: string): Promise<void>;
  /** A prepared workload is ready on a host. */
  appear(hostname: string, host: number): Promise<Written>;
  counters(): Promise<Counters>;
  /** The last lines it wrote. */
  log(): string;
  stop(): Promise<void>;
}

/** What it tells of itself. */
export interface Counters {
  /** Bytes of xDS responses sent so far. */
  readonly sentBytes: number;
  /** Longest block of its event loop since the last call, in ms; undefined if it does not tell. */
  readonly blockMs: number | undefined;
}
