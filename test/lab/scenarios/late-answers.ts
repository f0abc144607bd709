/** Things move while what Envoys say comes late: what is sent next has to wait for it, and nothing may go before it. */
import { ROLLOUTS } from "./rollouts.ts";
import type { Scenario } from "./scenario.ts";
import { SIZES } from "./sizes.ts";

const DISTURBED: ReadonlySet<string> = new Set(["create", "scale", "rollout", "rollout-all", "rollout-back-to-back"]);

export const LATE_ANSWERS: readonly Scenario[] = [...SIZES, ...ROLLOUTS]
  .filter(({ name }) => DISTURBED.has(name))
  .map((scenario) => ({
    ...scenario,
    name: `${scenario.name}-late`,
    about: "signalbox",
    what: `${scenario.what}; acknowledgements are late at random, by up to 2 s`,
    xds: { late: true },
  }));
