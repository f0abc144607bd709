/** What wasmCloud's operator would have told a host: which replicas are bound to which names there. Pure. */
import type { ObjectChange, ObjectRecord } from "../sources/source.ts";
import type { DemoBindings, DemoReplica } from "./demo-host.ts";

/** Objects by identity, after a batch of changes. */
export function withChanges(
  objects: ReadonlyMap<string, ObjectRecord>,
  changes: readonly ObjectChange[],
): ReadonlyMap<string, ObjectRecord> {
  const after = new Map(objects);
  for (const change of changes) {
    const { kind, namespace, name } = "put" in change ? change.put : change.remove;
    const key = `${kind}/${namespace}/${name}`;
    if ("put" in change) after.set(key, change.put);
    else after.delete(key);
  }
  return after;
}

/** Names as registered, case and all, with the replicas placed on the host; a workload that is being deleted has been stopped there. */
export function bindingsOf(objects: Iterable<ObjectRecord>, hostId: string): DemoBindings {
  const bindings = new Map<string, DemoReplica[]>();
  for (const object of objects) {
    if (object.kind !== "Workload" || object.hostId !== hostId || !object.placed || object.deleting) continue;
    const replica = { workloadId: object.workloadId, workload: `${object.namespace}/${object.name}` };
    for (const { spelling } of object.registration.names) {
      const bound = bindings.get(spelling);
      if (bound === undefined) bindings.set(spelling, [replica]);
      else bound.push(replica);
    }
  }
  return bindings;
}

/** Both: what is bound now, and what was bound a moment ago. */
export function union(now: DemoBindings, before: DemoBindings): DemoBindings {
  const all = new Map(now);
  for (const [name, replicas] of before) {
    const kept = all.get(name) ?? [];
    const ids = new Set(kept.map(({ workloadId }) => workloadId));
    all.set(name, [...kept, ...replicas.filter(({ workloadId }) => !ids.has(workloadId))]);
  }
  return all;
}
