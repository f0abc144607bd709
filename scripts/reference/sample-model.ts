/** The running system of which the reference shows answers and metrics: one hostname with two replicas, one without, one that two namespaces want. */
import type { AdminModel } from "../../src/admin/model.ts";
import { deployment, fakeModel, host, workload } from "../../test/admin/fake-model.ts";

/** Stands still at one time, so that equal code gives equal pages. */
export function sampleModel(changes: Partial<AdminModel> = {}): AdminModel {
  const rival = workload("not-the-shop", "shop.example.com", { namespace: "rival", hostId: "id-3" });
  const records = [
    ...[host(1), host(2), host(3)],
    workload("shop-a", "shop.example.com"),
    workload("shop-b", "shop.example.com", { hostId: "id-2" }),
    { ...rival, age: { ...rival.age, at: rival.age.at + 1_000 } },
    deployment("cart", "cart.example.com"),
  ];
  return fakeModel({ records, changes });
}
