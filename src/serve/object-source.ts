/** The source that the settings name. */
import type { Logger } from "pino";
import type { SourceSettings } from "../config/settings.ts";
import { filesSource } from "../sources/files.ts";
import type { ObjectSource } from "../sources/source.ts";
import type { Reporting } from "./event-reports.ts";

/** Where objects come from, and how their owners are told in Events; undefined: not at all. */
export interface Sources {
  readonly source: ObjectSource;
  readonly reporting: Reporting | undefined;
}

/** Makes it, without starting it. Rejects with ApiError when no kubeconfig names an API server. */
export async function objectSource(settings: SourceSettings, env: NodeJS.ProcessEnv, log: Logger): Promise<Sources> {
  if (settings.kind === "folder") return { source: filesSource({ folder: settings.folder }), reporting: undefined };
  const { kubernetesSource } = await import("./kubernetes-source.ts"); // what only it needs is not loaded for a folder
  return kubernetesSource(settings, env, log);
}
