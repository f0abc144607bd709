/** The command `demo-host`: one pretended host that follows a folder, as a real one does what wasmCloud's operator tells it. */
import { canonicalIp } from "../sources/address.ts";
import { filesSource } from "../sources/files.ts";
import type { HostDescription, ObjectRecord } from "../sources/source.ts";
import { command } from "./command.ts";
import { bindingsOf, union, withChanges } from "./demo-bindings.ts";
import { type DemoBindings, type DemoHost, startDemoHost } from "./demo-host.ts";
import { Refusal } from "./refusal.ts";

/**
 * A replica that is no longer in the files answers so much longer. wasmCloud starts a replica's successor before it stops the replica, and the word
 * reaches Signalbox first; who edits a file does both in one step.
 */
const UNBIND_AFTER_MS = 1_000;

/** Signalbox and this process see a file change by themselves; a busy machine may wake Signalbox, and Envoy, first. */
const LATE_BINDING_MS = 1_000;

export const demoHostCommand = command({
  name: "demo-host",
  operands: "<folder>",
  arity: { min: 1, max: 1 },
  options: {
    name: {
      type: "string",
      short: "n",
      value: "name",
      default: "amber",
      summary: "name of its Host object in the folder",
    },
  },
  examples: [
    [
      "signalbox demo-host examples/quickstart/objects --name amber",
      "answers for the workloads that are placed on amber",
    ],
  ],
  notes: `It runs no WebAssembly: it speaks HTTP as wasmCloud's hosts do, and tells who was asked. It listens on the hostname and httpPort of its Host object.
Paths: /echo, /stream?count=3&everyMs=100, /slow?ms=500, /status/418, /trap; with "Accept: application/json" it tells what arrived.`,
  run: async ({ options: { name }, operands: [folder = ""] }, terminal) => {
    const { authority, stop } = await follow(folder, name);
    terminal.out(`Host ${name} listens on ${authority}`);
    await untilStopped(terminal.stop);
    await stop();
    return 0;
  },
});

/** Starts the host once the folder has been read, and keeps its bindings in step with the folder. */
async function follow(folder: string, name: string): Promise<{ authority: string; stop: () => Promise<void> }> {
  let objects: ReadonlyMap<string, ObjectRecord> = new Map();
  let bound: DemoBindings = new Map();
  let host: DemoHost | undefined;
  const first = Promise.withResolvers<void>();
  // A real host has bound a replica before Signalbox hears of it; so this one waits less for further edits.
  const source = filesSource({ folder, debounceMs: 2 });
  const bind = (): void => {
    if (host === undefined) return;
    const before = bound;
    bound = bindingsOf(objects.values(), host.hostId);
    host.rebind(union(bound, before));
    setTimeout(() => host?.rebind(bound), UNBIND_AFTER_MS).unref();
  };
  await source
    .start((batch) => {
      objects = withChanges(objects, batch.changes);
      bind();
      if (batch.synced) first.resolve();
    })
    .catch((error: unknown) => {
      throw new Refusal(`${folder} is no folder that can be read`, "Name a folder with objects of wasmCloud", {
        cause: error,
      });
    });
  await first.promise;
  try {
    const { hostId, address, port } = placeOf(objects, folder, name);
    host = await startDemoHost({ name, hostId, address, port, lateBindingMs: LATE_BINDING_MS }).catch(
      (error: unknown) => {
        const remedy = `Free that address, or change hostname or httpPort of Host ${name}`;
        throw new Refusal(
          `Host ${name} cannot listen on ${address} port ${port}: ${(error as Error).message}`,
          remedy,
          {
            cause: error,
          },
        );
      },
    );
    bind();
    const { authority, stop } = host;
    return { authority, stop: async () => void (await Promise.all([source.stop(), stop()])) };
  } catch (error) {
    await source.stop();
    throw error;
  }
}

function placeOf(objects: ReadonlyMap<string, ObjectRecord>, folder: string, name: string) {
  const hosts = [...objects.values()].filter((object): object is HostDescription => object.kind === "Host");
  const host = hosts.find((candidate) => candidate.name === name);
  if (host === undefined) {
    const names = hosts.map((candidate) => candidate.name).toSorted();
    throw new Refusal(`There is no Host ${name} in ${folder}`, `Name one of: ${names.join(", ") || "(there is none)"}`);
  }
  const { hostId, advertisedHostname, advertisedPort: port } = host;
  const address = advertisedHostname === "localhost" ? "127.0.0.1" : canonicalIp(advertisedHostname);
  if (address !== undefined) return { hostId, address, port };
  throw new Refusal(
    `Host ${name} has hostname ${JSON.stringify(advertisedHostname)}, and listens on IP addresses only`,
    "Write 127.0.0.1",
  );
}

function untilStopped(stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((fulfil) => stop.addEventListener("abort", () => fulfil(), { once: true }));
}
