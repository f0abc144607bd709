/** Reads a kustomization that only lists resources and sets images, which is all that ours do: anything else is refused, since it would not be tested. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { KubernetesObject } from "./api-admin.ts";

const KNOWN: ReadonlySet<string> = new Set(["apiVersion", "kind", "resources", "images"]);

/** Every object, in the order listed. A file of the folder that is not listed is an error. */
export function objectsOf(folder: string): readonly KubernetesObject[] {
  const kustomization = parse(readFileSync(join(folder, "kustomization.yaml"), "utf8")) as {
    resources: readonly string[];
  };
  const unknown = Object.keys(kustomization).filter((key) => !KNOWN.has(key));
  if (unknown.length > 0)
    throw new Error(`${folder}/kustomization.yaml has ${unknown.join(", ")}, which this reader does not know`);
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml");
  const forgotten = files.filter((file) => !kustomization.resources.includes(file));
  if (forgotten.length > 0) throw new Error(`${folder}/kustomization.yaml does not list ${forgotten.join(", ")}`);
  return kustomization.resources.flatMap((resource) => {
    const path = join(folder, resource);
    if (statSync(path).isDirectory()) return objectsOf(path);
    return parseAllDocuments(readFileSync(path, "utf8")).map((document) => {
      if (document.errors.length > 0) throw new Error(`${path}: ${String(document.errors[0])}`);
      return document.toJS() as KubernetesObject;
    });
  });
}
