/** The names that the template of a WorkloadDeployment or WorkloadReplicaSet registers once it has replicas. */
import type { Registration } from "../placement/records.ts";
import type { Reading } from "./object.ts";
import { registrationOf } from "./registration.ts";

/** A Service may be named beside the template (WorkloadDeployment) or inside; the operator carries the outer one into the replicas, so it counts first. */
export function templateRegistrationOf({ fields, object, identity: { namespace } }: Reading): Registration {
  const outer = fields.object(object, "spec", "");
  const spec = fields.object(fields.object(outer, "template", "spec"), "spec", "spec.template");
  const services = [
    [outer, "spec"],
    [spec, "spec.template.spec"],
  ] as const;
  for (const [parent, at] of services) {
    const service = fields.object(fields.object(parent, "kubernetes", at), "service", `${at}.kubernetes`);
    const name = fields.text(service, "name", `${at}.kubernetes.service`);
    if (name === "") continue;
    const serviceAt = `${at}.kubernetes.service.name`;
    return registrationOf(fields, { spec, at: "spec.template.spec", namespace, service: name, serviceAt });
  }
  return registrationOf(fields, { spec, at: "spec.template.spec", namespace, service: "", serviceAt: "" });
}
