/** wasmCloud's objects as its operator writes them, as far as they matter to a move. */
import type { KubernetesObject } from "../kubernetes/api-admin.ts";
import { hostName } from "./scenario.ts";

const API = "runtime.wasmcloud.dev/v1alpha1";
export const HOST_NAMESPACE = "wasmcloud-system";
export const NAMESPACE = "bench";
/** All of one age: hostnames differ, so that nobody contends. */
const CREATED = "2026-01-01T00:00:00Z";

/** The object's name of a hostname: its first label. */
const nameOf = (hostname: string): string => hostname.slice(0, hostname.indexOf("."));

const True = (type: string) => ({ type, status: "True", reason: "Available", lastTransitionTime: CREATED });

export function hostObject(host: number, port: number): KubernetesObject {
  return {
    apiVersion: API,
    kind: "Host",
    metadata: { namespace: HOST_NAMESPACE, name: hostName(host), labels: { hostgroup: "default" } },
    hostId: hostName(host),
    hostname: "127.0.0.1",
    httpPort: port,
    environment: "bench",
  };
}

export const HOST_STATUS = { conditions: [True("Ready")], lastSeen: CREATED };

const specOf = (hostname: string) => ({
  hostSelector: { hostgroup: "default" },
  components: [{ name: "http", image: "registry.test/app:1.0.0" }],
  hostInterfaces: [
    { namespace: "wasi", package: "http", interfaces: ["incoming-handler"], config: { host: hostname } },
  ],
});

/** The reference to a controlling owner; Signalbox, as Kubernetes, takes another uid for another object. */
const ownedBy = ({ kind, metadata: { name, uid } }: Owner) => [{ apiVersion: API, kind, name, uid, controller: true }];

/** An object as the API server has stored it. */
export interface Owner {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly uid: string };
}

export function deploymentObject(hostname: string): KubernetesObject {
  const metadata = { namespace: NAMESPACE, name: nameOf(hostname) };
  const spec = { replicas: 1, template: { spec: specOf(hostname) } };
  return { apiVersion: API, kind: "WorkloadDeployment", metadata, spec };
}

export function replicaSetObject(hostname: string, owner: Owner): KubernetesObject {
  const metadata = { namespace: NAMESPACE, name: `${nameOf(hostname)}-5d8f9`, ownerReferences: ownedBy(owner) };
  const spec = { replicas: 1, template: { spec: specOf(hostname) } };
  return { apiVersion: API, kind: "WorkloadReplicaSet", metadata, spec };
}

/** The Workload without its status, which is written apart. Whoever writes objects by hand gives it no owner. */
export function workloadObject(hostname: string, owner?: Owner): KubernetesObject {
  const named = { namespace: NAMESPACE, name: `${nameOf(hostname)}-5d8f9-x2x4z` };
  const metadata = owner === undefined ? named : { ...named, ownerReferences: ownedBy(owner) };
  return { apiVersion: API, kind: "Workload", metadata, spec: specOf(hostname) };
}

export function workloadStatus(hostname: string, host: number): Readonly<Record<string, unknown>> {
  return {
    hostId: hostName(host),
    workloadId: `w-${nameOf(hostname)}`,
    environment: "bench",
    conditions: ["Config", "HostSelection", "Placement", "Sync", "Ready"].map(True),
  };
}
