/** The commands of this room, in the order in which help lists them; src/main.ts adds those that need the whole system. */
import type { CommandEntry } from "./command.ts";

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "quickstart",
    summary: "Runs Signalbox with a real Envoy and three pretended wasm hosts, until Ctrl-C",
    load: async () => (await import("./quickstart-command.ts")).quickstartCommand,
  },
  {
    name: "validate",
    summary: "Checks objects and a configuration, and fails if anything is wrong with them",
    load: async () => (await import("./validate-command.ts")).validateCommand,
  },
  {
    name: "translate",
    summary: "Prints the Envoy resources that objects come to, without a server",
    load: async () => (await import("./translate-command.ts")).translateCommand,
  },
  {
    name: "bootstrap",
    summary: "Prints the bootstrap with which an Envoy joins a fleet",
    load: async () => (await import("./bootstrap-command.ts")).bootstrapCommand,
  },
  {
    name: "certgen",
    summary: "Makes certificates for the xDS port, where there is no cert-manager",
    load: async () => (await import("./certgen-command.ts")).certgenCommand,
  },
  {
    name: "demo-host",
    summary: "Pretends to be a wasm host whose workloads are in a folder",
    load: async () => (await import("./demo-host-command.ts")).demoHostCommand,
  },
];
