/** What every system is started with. */
import type { Scenario } from "./scenario.ts";

export interface Setting {
  /** An empty folder for its files, removed afterwards. */
  readonly folder: string;
  /** Of the hosts, on 127.0.0.1. */
  readonly ports: readonly number[];
  /** What exists at the start. */
  readonly scenario: Scenario;
  readonly listenerPort: number;
  readonly layout: "auto" | "rds" | "scoped";
  /** Path of the executable: src/main.ts, or what `npm run build` makes of it. */
  readonly main: string;
}
