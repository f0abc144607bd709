/** Every scenario, in the order of the table. */
import { HOSTS } from "./hosts.ts";
import { RESTARTS } from "./restarts.ts";
import { ROLLOUTS } from "./rollouts.ts";
import type { Scenario } from "./scenario.ts";
import { SIZES } from "./sizes.ts";

export const SCENARIOS: readonly Scenario[] = [...SIZES, ...ROLLOUTS, ...RESTARTS, ...HOSTS];

/** @throws for a name that there is not, with those that there are. */
export function scenariosNamed(names: readonly string[]): readonly Scenario[] {
  return names.map((name) => {
    const found = SCENARIOS.find((scenario) => scenario.name === name);
    if (found === undefined)
      throw new Error(`there is no scenario ${name}; there are ${SCENARIOS.map((one) => one.name).join(", ")}`);
    return found;
  });
}
