/** The source that the settings name. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { SourceSettings } from "../config/settings.ts";
import { HttpKubernetesClient } from "../kubernetes/client.ts";
import { readAccess } from "../kubernetes/kubeconfig.ts";
import type { ReflectorObserver } from "../kubernetes/reflector-options.ts";
import type { RecordKind } from "../placement/records.ts";
import { filesSource } from "../sources/files.ts";
import { KubernetesSource } from "../sources/kubernetes.ts";
import type { ObjectSource } from "../sources/source.ts";

/** Makes it, without starting it. @throws ApiError when no kubeconfig names an API server. */
export function objectSource(settings: SourceSettings, env: NodeJS.ProcessEnv, log: Logger): ObjectSource {
  if (settings.kind === "folder") return filesSource({ folder: settings.folder });
  const { namespaces, kubeconfig, context } = settings;
  const access = readAccess(
    { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) },
    env,
  );
  log.info({ server: access.server, from: access.origin }, "reading from Kubernetes");
  return new KubernetesSource({
    client: new HttpKubernetesClient(access),
    namespaces,
    observer: (kind, namespace) => watchStory(kind, namespace, log),
    clock: { now: () => performance.now(), sleep: (ms, signal) => sleep(ms, undefined, { signal }) },
    chance: Math.random,
  });
}

/** What happens to one watch, for the log: a failure once, its recovery once. */
function watchStory(kind: RecordKind, namespace: string | undefined, log: Logger): ReflectorObserver {
  const what = { kind, ...(namespace === undefined ? {} : { namespace }) };
  let told: string | undefined;
  return {
    listed: (objects, tookMs) => log.info({ ...what, objects, ms: Math.round(tookMs) }, "listed"),
    events: () => {},
    failed: ({ code, cause, remedy }, waitMs) => {
      const again = told === code;
      told = code;
      log[again ? "debug" : "warn"]({ ...what, failure: code, remedy, retryMs: Math.round(waitMs) }, cause);
    },
    recovered: (staleMs) => {
      told = undefined;
      log.info({ ...what, staleMs: Math.round(staleMs) }, "watch is current again");
    },
    threw: (where, error) => log.error({ ...what, where, err: error }, "this is a bug in Signalbox; it goes on"),
  };
}
