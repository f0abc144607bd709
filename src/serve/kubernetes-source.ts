/** Objects from an API server, and Events for their owners. Loaded by those alone whose settings name one: it brings a Kubernetes client along. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { SourceSettings } from "../config/settings.ts";
import { HttpKubernetesClient } from "../kubernetes/client.ts";
import { readAccess } from "../kubernetes/kubeconfig.ts";
import { KubernetesSource } from "../sources/kubernetes.ts";
import type { Sources } from "./object-source.ts";
import { WatchStories } from "./watch-story.ts";

/** Makes it, without starting it. @throws ApiError when no kubeconfig names an API server. */
export function kubernetesSource(
  settings: Extract<SourceSettings, { readonly kind: "kubernetes" }>,
  env: NodeJS.ProcessEnv,
  log: Logger,
): Sources {
  const { namespaces, kubeconfig, context } = settings;
  const access = readAccess(
    { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) },
    env,
  );
  log.info({ server: access.cluster.server, from: access.origin }, "reading from Kubernetes");
  const stories = new WatchStories(log, () => performance.now());
  const client = new HttpKubernetesClient(access);
  const source = new KubernetesSource({
    client,
    namespaces,
    observer: (kind, namespace) => stories.of(kind, namespace),
    clock: { now: () => performance.now(), sleep: (ms, signal) => sleep(ms, undefined, { signal }) },
    chance: Math.random,
  });
  const leaseNamespace = settings.leaseNamespace ?? (access.inPod ? access.namespace : "");
  if (settings.events && leaseNamespace === "")
    log.info(
      { remedy: "Set source.kubernetes.leaseNamespace, or events: false" },
      "no Events are written: this is no pod, and no namespace is named for the Lease",
    );
  const reporting = settings.events && leaseNamespace !== "" ? { client, source, leaseNamespace } : undefined;
  return { source, reporting };
}
