/** Requests through real Envoys that `signalbox serve` programs, and hosts behind them. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type DemoHost, startDemoHost } from "../../src/cli/demo-host.ts";
import { type BootstrapTls, bootstrapOf } from "../../src/envoy/bootstrap.ts";
import type { ProxyTransport } from "../../src/envoy/variant.ts";
import { type EnvoyProcess, startEnvoy } from "../envoy/envoy-process.ts";
import { type RawResponse, rawRequest } from "../envoy/raw-request.ts";
import { PATIENCE_MS } from "../patience.ts";
import type { Serving } from "./serving.ts";

/** A host that serves these hostnames. Ended with the test. */
export async function hostNamed(test: TestContext, name: string, ...hostnames: readonly string[]): Promise<DemoHost> {
  const host = await startDemoHost({ name, hostId: `id-${name}` });
  test.after(() => host.stop());
  for (const hostname of hostnames)
    host.bind(hostname, { workloadId: `${name}-${hostname}`, workload: `default/${name}` });
  return host;
}

export interface EnvoyWish {
  /** Decides the fleet. Default edge. */
  readonly nodeCluster?: string;
  readonly transport?: ProxyTransport;
  readonly version?: string;
  /** Default plaintext. */
  readonly tls?: BootstrapTls;
}

/** A started Envoy that may never become ready. Ended with the test. */
export async function startedEnvoy(
  test: TestContext,
  { xdsPort }: Pick<Serving, "xdsPort">,
  { nodeCluster = "edge", transport = "delta-ads", version, tls }: EnvoyWish = {},
): Promise<EnvoyProcess> {
  const bootstrap = bootstrapOf({
    fleet: nodeCluster,
    nodeId: `envoy-${transport}-${version ?? "any"}`,
    nodeCluster,
    xdsAddress: `127.0.0.1:${xdsPort}`,
    adminAddress: "127.0.0.1:0",
    transport,
    tls,
    probeAddress: undefined,
  });
  return startEnvoy({ bootstrap, test, ...(version === undefined ? {} : { version }) });
}

/** An Envoy that has its first configuration, and the port it serves on. */
export async function envoyOf(
  test: TestContext,
  signalbox: Pick<Serving, "xdsPort">,
  wish: EnvoyWish = {},
): Promise<number> {
  const envoy = await startedEnvoy(test, signalbox, wish);
  await envoy.ready();
  return envoy.port("http");
}

/** `GET` with a Host, on a connection of its own. */
export const get = (port: number, hostname: string, path = "/"): Promise<RawResponse> =>
  rawRequest(port, `GET ${path} HTTP/1.1\nHost: ${hostname}\nConnection: close\n\n`);

/** Asks until the answer has this in its body; fails with the last one if it never does. */
export async function servedBy(port: number, hostname: string, words: string): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  let last = "";
  while (performance.now() < until) {
    const { status, body } = await get(port, hostname);
    last = `${status} ${body}`;
    if (status === 200 && body.includes(words)) return;
    await sleep(10);
  }
  assert.fail(`${hostname} is not served by ${words}: ${last}`);
}

/** Requests that go on until they are told to end. */
export interface Load {
  /** Fulfilled when a request that begins from now on has been answered. */
  next(): Promise<void>;
  end(): Promise<{ readonly failures: readonly string[]; readonly asked: number }>;
}

/** One request after the other until told to end. `ask` gives what was wrong with the answer, if anything; it does not throw. */
export function loadOf(ask: () => Promise<string | undefined>): Load {
  const failures: string[] = [];
  let asked = 0;
  let going = true;
  let waiting: (() => void)[] = [];
  const done = (async () => {
    while (going) {
      const served = waiting;
      waiting = [];
      const failure = await ask();
      asked += 1;
      if (failure !== undefined) failures.push(failure);
      for (const tell of served) tell();
    }
  })();
  return {
    next: () => new Promise((tell) => waiting.push(tell)),
    end: async () => {
      going = false;
      await done;
      return { failures, asked };
    },
  };
}

/** Each request on a connection of its own. */
export function loadOn(port: number, hostname: string, path = "/"): Load {
  return loadOf(async () => {
    const { status, body } = await get(port, hostname, path);
    return status === 200 ? undefined : `${status} ${body}`;
  });
}
