/** The source that the settings name. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { SourceSettings } from "../config/settings.ts";
import { HttpKubernetesClient } from "../kubernetes/client.ts";
import { readAccess } from "../kubernetes/kubeconfig.ts";
import { filesSource } from "../sources/files.ts";
import { KubernetesSource } from "../sources/kubernetes.ts";
import type { ObjectSource } from "../sources/source.ts";
import { WatchStories } from "./watch-story.ts";

/** Makes it, without starting it. @throws ApiError when no kubeconfig names an API server. */
export function objectSource(settings: SourceSettings, env: NodeJS.ProcessEnv, log: Logger): ObjectSource {
  if (settings.kind === "folder") return filesSource({ folder: settings.folder });
  const { namespaces, kubeconfig, context } = settings;
  const access = readAccess(
    { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) },
    env,
  );
  log.info({ server: access.cluster.server, from: access.origin }, "reading from Kubernetes");
  const stories = new WatchStories(log, () => performance.now());
  return new KubernetesSource({
    client: new HttpKubernetesClient(access),
    namespaces,
    observer: (kind, namespace) => stories.of(kind, namespace),
    clock: { now: () => performance.now(), sleep: (ms, signal) => sleep(ms, undefined, { signal }) },
    chance: Math.random,
  });
}
