/** What scenarios about hosts wait for. */
import { conditionOf, type Host } from "../cluster/objects.ts";
import type { Laboratory } from "../laboratory.ts";
import type { Stage } from "./scenario.ts";

/** Longer than the operator's patience at any tempo. */
const BOUND_MS = 300_000;

export function theFirst<T>(things: readonly T[]): T {
  const [thing] = things;
  if (thing === undefined) throw new Error("the laboratory has none");
  return thing;
}

/** The Host object of this name. */
export const hostObjectOf = ({ watched }: Laboratory, name: string): Host | undefined =>
  watched.hosts.all().find(({ metadata }) => metadata.name === name);

/** Fulfilled when the operator has given up all hosts of these names. */
export async function gone(lab: Laboratory, names: readonly string[]): Promise<void> {
  const over = (): boolean => names.every((name) => hostObjectOf(lab, name) === undefined);
  await lab.watched.until(`Host objects are gone: ${names.join(", ")}`, over, BOUND_MS);
}

/** Whether the operator uses the host of this name. */
export function isReadyNow(lab: Laboratory, name: string): boolean {
  const object = hostObjectOf(lab, name);
  return object !== undefined && conditionOf(object, "Ready") === "True";
}

/** Fulfilled when the operator uses the host as it runs now. */
export async function isReady(lab: Laboratory, { name }: { readonly name: string }): Promise<void> {
  await lab.watched.until(`${name} is Ready`, () => isReadyNow(lab, name), BOUND_MS);
}

/** Everything is Ready again, on hosts that live. */
export async function recovered({ lab, names }: Stage): Promise<void> {
  await Promise.all(lab.hosts.map((host) => isReady(lab, host)));
  await lab.deployments.settled(names, BOUND_MS);
}
