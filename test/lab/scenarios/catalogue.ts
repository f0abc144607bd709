/** Every scenario, in the order of the page and in its groups. */
import { API_FAULTS } from "./api-faults.ts";
import { BUS } from "./bus.ts";
import { DISTRIBUTION } from "./distribution.ts";
import { FAILING_REPLICAS } from "./failing-replicas.ts";
import { HOLDS } from "./holds.ts";
import { HOST_ADDRESSES } from "./host-addresses.ts";
import { HOSTNAMES } from "./hostnames.ts";
import { HOSTS } from "./hosts.ts";
import { LATE_ANSWERS } from "./late-answers.ts";
import { LIFECYCLES } from "./lifecycles.ts";
import { MACHINE_FAULTS } from "./machine-faults.ts";
import { NOISE } from "./noise.ts";
import { ODD_OBJECTS } from "./odd-objects.ts";
import { OWNERSHIP } from "./ownership.ts";
import { REPLICAS } from "./replicas.ts";
import { REQUESTS } from "./requests.ts";
import { RESTARTS } from "./restarts.ts";
import { ROLLOUTS } from "./rollouts.ts";
import type { Scenario } from "./scenario.ts";
import { SEVERAL_HOSTS } from "./several-hosts.ts";
import { SIZES } from "./sizes.ts";

export interface ScenarioGroup {
  /** A heading of the page. */
  readonly title: string;
  readonly scenarios: readonly Scenario[];
}

export const GROUPS: readonly ScenarioGroup[] = [
  { title: "Replicas come and go", scenarios: [...SIZES, ...DISTRIBUTION] },
  { title: "Rollouts", scenarios: [...ROLLOUTS, ...FAILING_REPLICAS] },
  { title: "Acknowledgements are late", scenarios: LATE_ANSWERS },
  { title: "Deployments end, and come back", scenarios: LIFECYCLES },
  { title: "Hostnames change, and pass on", scenarios: [...HOSTNAMES, ...OWNERSHIP] },
  { title: "Requests of other kinds", scenarios: REQUESTS },
  { title: "Signalbox, the API server, the operator and Envoys restart", scenarios: RESTARTS },
  { title: "Signalbox in several replicas, and its certificates", scenarios: REPLICAS },
  {
    title: "Hosts die, hang, come back, and are believed dead",
    scenarios: [...HOSTS, ...BUS, ...HOLDS, ...SEVERAL_HOSTS],
  },
  { title: "Hosts of other kinds", scenarios: HOST_ADDRESSES },
  { title: "Odd objects, and noise", scenarios: [...ODD_OBJECTS, ...NOISE] },
  { title: "The API server is slow, busy, cut off or silent", scenarios: API_FAULTS },
  { title: "The machine of Signalbox: clock, descriptors, disk, time to run", scenarios: MACHINE_FAULTS },
];

export const SCENARIOS: readonly Scenario[] = GROUPS.flatMap(({ scenarios }) => scenarios);

/** @throws for a name that there is not, with those that there are. */
export function scenariosNamed(names: readonly string[]): readonly Scenario[] {
  return names.map((name) => {
    const found = SCENARIOS.find((scenario) => scenario.name === name);
    if (found === undefined)
      throw new Error(`there is no scenario ${name}; there are ${SCENARIOS.map((one) => one.name).join(", ")}`);
    return found;
  });
}
