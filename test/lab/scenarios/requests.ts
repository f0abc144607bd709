/** Kinds of requests that the usual load has few of, or none, while everything moves. */
import { setTimeout as sleep } from "node:timers/promises";
import type { RequestKind } from "../load/request-kind.ts";
import { updateAll } from "./rollouts.ts";
import type { Scenario, Stage } from "./scenario.ts";

// biome-ignore format: a table is read by its columns
const SPELLINGS: readonly RequestKind[] = [
  { name: "GET, port",               share: 0.2, safe: true,  over: "http1", what: "read", written: "with port" },
  { name: "GET, upper case",         share: 0.2, safe: true,  over: "http1", what: "read", written: "upper case" },
  { name: "GET, absolute",           share: 0.2, safe: true,  over: "http1", what: "read", written: "absolute" },
  { name: "GET HTTP/2, port",        share: 0.1, safe: true,  over: "http2", what: "read", written: "with port" },
  { name: "GET HTTP/2, upper case",  share: 0.1, safe: true,  over: "http2", what: "read", written: "upper case" },
  { name: "GET HTTP/2, absolute",    share: 0.1, safe: true,  over: "http2", what: "read", written: "absolute" },
  { name: "POST, upper case",        share: 0.1, safe: false, over: "http1", what: "write", written: "upper case" },
];

/** Longer than any of them takes: 20 MiB both ways on a machine that has other things to do. */
const LONG_TIMEOUT_MS = 60_000;

// biome-ignore format: a table is read by its columns
const LONG: readonly RequestKind[] = [
  { name: "GET",         share: 0.97,  safe: true,  over: "http1", what: "read" },
  { name: "long stream", share: 0.025, safe: true,  over: "http1", what: "long-stream", timeoutMs: LONG_TIMEOUT_MS },
  { name: "long upload", share: 0.002, safe: false, over: "http1", what: "long-upload", timeoutMs: LONG_TIMEOUT_MS },
];

const GRPC: readonly RequestKind[] = [{ name: "gRPC", share: 1, safe: false, over: "http2", what: "call" }];

/** So long that a stream of 17 s sees several. */
async function rollOutFor(stage: Stage, ms: number): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(1_000)) {
    await updateAll(stage);
    await stage.lab.deployments.settled(stage.names);
  }
}

export const REQUESTS: readonly Scenario[] = [
  {
    name: "spellings-in-rollout",
    what: "clients write the hostname with a port, in capitals, and with a dot at its end, during rolling updates of all deployments",
    promised: "nothing",
    kinds: SPELLINGS,
    run: async (stage) => rollOutFor(stage, 5_000),
  },
  {
    name: "grpc-in-rollout",
    about: "signalbox",
    what: "gRPC calls alone, with their trailers, during rolling updates of all deployments",
    promised: "nothing",
    kinds: GRPC,
    run: async (stage) => rollOutFor(stage, 5_000),
  },
  {
    name: "long-requests-in-rollout",
    what: "event streams of 17 s and uploads of 20 MiB, beside short requests, during rolling updates of all deployments",
    promised: "nothing",
    kinds: LONG,
    run: async (stage) => rollOutFor(stage, 25_000),
  },
];
