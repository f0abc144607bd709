/** Objects as an API server holds them, for tests of their projection. */

export type Change = Readonly<Record<string, unknown>>;

export function hostObject(change: Change = {}): Record<string, unknown> {
  return {
    apiVersion: "runtime.wasmcloud.dev/v1alpha1",
    kind: "Host",
    metadata: {
      name: "forgetful-wound-2971",
      namespace: "wasmcloud-system",
      uid: "u-host",
      labels: { hostgroup: "default" },
      creationTimestamp: "2026-08-20T14:00:00Z",
    },
    hostId: "h1",
    hostname: "10.244.0.15",
    httpPort: 9191,
    environment: "wasmcloud-system",
    status: {
      lastSeen: "2026-08-20T14:00:15Z",
      conditions: [
        { type: "Reporting", status: "True" },
        { type: "Ready", status: "True" },
      ],
    },
    ...change,
  };
}

/** The entry by which a workload serves HTTP. */
export function httpEntry(config: unknown, change: Change = {}): Record<string, unknown> {
  return { namespace: "wasi", package: "http", interfaces: ["incoming-handler"], config, ...change };
}

export function workloadObject(spec: Change = {}, change: Change = {}): Record<string, unknown> {
  return {
    apiVersion: "runtime.wasmcloud.dev/v1alpha1",
    kind: "Workload",
    metadata: {
      name: "hello-x7k2p-9f4d",
      namespace: "shop",
      uid: "u-1",
      creationTimestamp: "2026-08-20T14:00:00Z",
      ownerReferences: [
        {
          apiVersion: "runtime.wasmcloud.dev/v1alpha1",
          kind: "WorkloadReplicaSet",
          name: "hello-x7k2p",
          controller: true,
        },
      ],
    },
    spec: { hostSelector: { hostgroup: "default" }, hostInterfaces: [httpEntry({ host: "hello.test" })], ...spec },
    status: {
      hostId: "h1",
      workloadId: "u-1",
      environment: "wasmcloud-system",
      conditions: [
        { type: "Placement", status: "True" },
        { type: "Sync", status: "True" },
        { type: "Ready", status: "True" },
      ],
    },
    ...change,
  };
}
