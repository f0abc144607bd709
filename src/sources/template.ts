/** The names that the template of a WorkloadDeployment or WorkloadReplicaSet registers once it has replicas. */
import type { Registration } from "../placement/records.ts";
import { vocabulary } from "./fields.ts";
import { OBJECT, type Reading } from "./object.ts";
import { registrationOf, serviceOf } from "./registration.ts";

const OWNER_SPEC = vocabulary(["template", "kubernetes"], ["replicas", "deployPolicy", "artifacts"]);
const TEMPLATE = vocabulary(["spec"], ["metadata", "labels", "annotations"]);

/** A Service may be named beside the template (WorkloadDeployment) or inside; the operator carries the outer one into the replicas, so it counts first. */
export function templateRegistrationOf({ fields, object, identity: { namespace } }: Reading): Registration {
  fields.keys(object, "", OBJECT);
  const outer = fields.object(object, "spec", "");
  fields.keys(outer, "spec", OWNER_SPEC);
  const template = fields.object(outer, "template", "spec");
  fields.keys(template, "spec.template", TEMPLATE);
  const spec = fields.object(template, "spec", "spec.template");
  const services = [
    [outer, "spec"],
    [spec, "spec.template.spec"],
  ] as const;
  for (const [parent, at] of services) {
    const name = serviceOf(fields, parent, at);
    if (name === "") continue;
    const serviceAt = `${at}.kubernetes.service.name`;
    return registrationOf(fields, { spec, at: "spec.template.spec", namespace, service: name, serviceAt });
  }
  return registrationOf(fields, { spec, at: "spec.template.spec", namespace, service: "", serviceAt: "" });
}
