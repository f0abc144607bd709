/** What users do: WorkloadDeployments made, changed, scaled and deleted. */
import type { Life } from "../hosts/component.ts";
import type { Site } from "../load/site.ts";
import type { KubeApi } from "./kube-api.ts";
import { API_VERSION, type Deployment, keyOf, type Workload } from "./objects.ts";
import type { Watched } from "./watched.ts";

/** Of the deployments under load. */
export const NAMESPACE = "lab";

/** Matches the name of every deployment of the laboratory. */
export const ANY_DEPLOYMENT = /\bapp-[a-z]*\d+/;

export interface App {
  /** As in `app-7`. */
  readonly name: string;
  /** Default `app-7.lab.test`. */
  readonly hostname?: string;
  readonly aliases?: readonly string[];
  /** Name of its Kubernetes Service: the operator gives it aliases of its own in the place of those above. */
  readonly service?: string;
  readonly replicas: number;
  readonly life?: Life;
  readonly deployPolicy?: "RollingUpdate" | "Recreate";
  /** Environment of its component; see hosts/component.ts. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly hostId?: string;
  /** Default `incoming-handler`. */
  readonly serves?: "incoming-handler" | "handler";
  /** Labels of the hosts that may run it. Default those of the group `default`. */
  readonly hostSelector?: Readonly<Record<string, string>>;
}

export const hostnameOf = (name: string): string => `${name}.lab.test`;

/** A deployment as the load asks it: nobody else may answer, and it always has to. */
export const siteOf = ({ name, hostname = hostnameOf(name) }: App, namespace = NAMESPACE): Site => ({
  hostname,
  served: `${namespace}/${name}`,
});

export class Deployments {
  readonly #api: KubeApi;
  readonly #watched: Watched;
  readonly #namespace: string;
  #version = 0;

  /** Those of one namespace, which exists. */
  constructor(api: KubeApi, watched: Watched, namespace = NAMESPACE) {
    this.#api = api;
    this.#watched = watched;
    this.#namespace = namespace;
  }

  async create(app: App): Promise<void> {
    const metadata = { namespace: this.#namespace, name: app.name };
    const spec = {
      replicas: app.replicas,
      deployPolicy: app.deployPolicy ?? "RollingUpdate",
      template: this.#templateOf(app),
    };
    const made = await this.#api.create({ apiVersion: API_VERSION, kind: "WorkloadDeployment", metadata, spec });
    this.#watched.deployments.put(made);
  }

  /** A new version of the component, and what else is given. */
  async update(app: App): Promise<void> {
    const { replicas, deployPolicy = "RollingUpdate" } = app;
    const change = { spec: { replicas, deployPolicy, template: this.#templateOf(app) } };
    this.#watched.deployments.put(await this.#api.patch(this.#stored(app.name), change));
  }

  async scale(name: string, replicas: number): Promise<void> {
    this.#watched.deployments.put(await this.#api.patch(this.#stored(name), { spec: { replicas } }));
  }

  async delete(name: string): Promise<void> {
    await this.#api.delete(this.#stored(name));
  }

  /** Fulfilled when these are as asked for; see Watched.isSettled. @throws when they are not within `boundMs`. */
  async settled(names: readonly string[], boundMs = 120_000, but?: (workload: Workload) => boolean): Promise<void> {
    const waiting = new Set(names);
    const holds = (): boolean => {
      for (const name of waiting) if (this.#watched.isSettled(this.#stored(name), but)) waiting.delete(name);
      return waiting.size === 0;
    };
    try {
      await this.#watched.until("deployments are settled", holds, boundMs);
    } catch (error) {
      throw new Error(`${String(error)}: ${[...waiting].join(", ")}`);
    }
  }

  #stored(name: string): Deployment {
    const found = this.#watched.deployments.get(keyOf({ metadata: { namespace: this.#namespace, name } }));
    if (found === undefined) throw new Error(`there is no deployment ${name}`);
    return found;
  }

  /** The replicas of one, being deleted or not. */
  replicasOf(name: string): readonly Workload[] {
    return this.#watched.workloads
      .all()
      .filter(({ metadata }) => metadata.namespace === this.#namespace && metadata.name.startsWith(`${name}-`));
  }

  #templateOf(app: App) {
    const { name, life = "plain", environment = {}, hostId, hostSelector = { hostgroup: "default" } } = app;
    const { hostname = hostnameOf(name), aliases = [] } = app;
    this.#version += 1;
    const component = {
      name: "http",
      image: `registry.test/${name}:${this.#version}`,
      ...(life === "pooled" ? { poolSize: 2 } : {}),
      localResources: { environment: { config: { ...environment, VERSION: String(this.#version) } } },
    };
    const http = {
      namespace: "wasi",
      package: "http",
      interfaces: [app.serves ?? "incoming-handler"],
      config: { host: hostname, ...(aliases.length === 0 ? {} : { "host-aliases": aliases.join(",") }) },
    };
    return {
      spec: {
        ...(hostId === undefined ? { hostSelector } : { hostId }),
        components: [component],
        ...(life === "service" ? { service: { image: `registry.test/${name}-service:${this.#version}` } } : {}),
        hostInterfaces: [http],
        ...(app.service === undefined ? {} : { kubernetes: { service: { name: app.service } } }),
      },
    };
  }
}
