/** The command `translate`: what Envoy would be given for these objects. */
import { stringify } from "yaml";
import type { Layout } from "../envoy/fleet-spec.ts";
import { problemText } from "../placement/problem.ts";
import { command } from "./command.ts";
import { CONFIG_OPTION, fleetsNamed, readOffline, settingsFrom } from "./offline.ts";
import { RESOURCE_KINDS, type ResourceKind, resourcesOf } from "./resources.ts";

const KINDS = Object.keys(RESOURCE_KINDS) as ResourceKind[];

/** By layout: the type of routes that it has none of, and the one it has instead. */
const ROUTE_OF_OTHER_LAYOUT: Readonly<Record<Layout, readonly [absent: ResourceKind, instead: ResourceKind]>> = {
  rds: ["scope", "route"],
  scoped: ["route", "scope"],
};

export const translateCommand = command({
  name: "translate",
  operands: "[<file or folder> ...]",
  arity: { min: 0, max: Number.POSITIVE_INFINITY },
  options: {
    config: CONFIG_OPTION,
    fleet: { type: "string", short: "f", value: "name", summary: "only this fleet (default: each of them)" },
    type: { type: "string", short: "t", multiple: true, choices: KINDS, summary: "only resources of this type" },
    hostname: { type: "string", value: "hostname", summary: "only what this hostname adds" },
    layout: {
      type: "string",
      choices: ["rds", "scoped"],
      summary: "how routes are delivered (default: the fleet's; what a current Envoy gets where that is auto)",
    },
    output: {
      type: "string",
      short: "o",
      choices: ["yaml", "json"],
      default: "yaml",
      summary: "how resources are written",
    },
  },
  examples: [
    ["signalbox translate --config examples/quickstart/signalbox.yaml", "everything Envoy is given in the quickstart"],
    [
      "signalbox translate -c examples/quickstart/signalbox.yaml --hostname shop.example.com --type endpoint",
      "where requests for one hostname would go",
    ],
  ],
  notes:
    "Problems of objects go to the standard error; what is not affected by them is printed all the same. Exit code 1: there is a problem.",
  run: async ({ options, operands }, terminal) => {
    const { config } = options;
    const settings = await settingsFrom(config);
    if ("unusable" in settings) {
      for (const problem of settings.unusable) terminal.err(problemText(problem));
      return 1;
    }
    const offline = await readOffline({ config, settings, paths: operands, stop: terminal.stop });
    for (const problem of offline.problems) terminal.err(problemText(problem));
    const hostname = options.hostname?.toLowerCase();
    const kinds = options.type as readonly ResourceKind[]; // `choices` lets no other pass
    const layout = options.layout as "rds" | "scoped" | undefined;
    const fleets = fleetsNamed(settings, options.fleet).map((fleet) =>
      resourcesOf(offline.placement, fleet, { layout, kinds, hostname }),
    );
    const withheld = fleets.flatMap(({ problems }) => problems);
    for (const problem of withheld) terminal.err(problemText(problem));
    for (const { fleet, layout: chosen, because } of fleets)
      if (layout !== undefined && chosen !== layout) terminal.err(`Note: fleet ${fleet} gets ${chosen}: ${because}`);
    for (const { fleet, layout: chosen } of fleets) {
      const [absent, instead] = ROUTE_OF_OTHER_LAYOUT[chosen];
      if (kinds.includes(absent) && !kinds.includes(instead))
        terminal.err(
          `Note: fleet ${fleet} has layout ${chosen}, in which routes are of type ${instead}, not ${absent}`,
        );
    }
    const shown = fleets.map(({ fleet, layout: chosen, resources }) => ({ fleet, layout: chosen, resources }));
    terminal.out(options.output === "json" ? JSON.stringify(shown, undefined, 2) : yamlOf(shown));
    const unknown = hostname !== undefined && fleets.every(({ hostnames }) => hostnames === 0);
    if (unknown)
      terminal.err(`No fleet exposes ${hostname}: no workload that may own it registers it, or exposes admits none`);
    return offline.problems.length + withheld.length > 0 || unknown ? 1 : 0;
  },
});

/** One document per fleet. No anchors: equal parts are written out, as Envoy's documentation has them. */
function yamlOf(fleets: readonly unknown[]): string {
  return fleets
    .map((fleet) => stringify(fleet, { aliasDuplicateObjects: false, lineWidth: 0 }))
    .join("---\n")
    .trimEnd();
}
