/**
 * Room `sources`: objects of wasmCloud, wherever they are kept, as plain records for placement.
 * Given: a folder of files, or Kubernetes (through src/kubernetes). Gives: batches of changed records, and the problems of the objects they came from.
 * Two sources that see equal objects give equal records. Must not import: src/envoy, src/xds, src/admin, src/config.
 * This file is what sources and their readers agree on; object.ts and its neighbours are the pure projections, address-stage.ts resolves addresses.
 */
import type { Problem } from "../placement/problem.ts";
import type {
  DeploymentRecord,
  HostRecord,
  ObjectName,
  RecordChange,
  RecordKind,
  ReplicaSetRecord,
  WorkloadRecord,
} from "../placement/records.ts";

/** A Host as its object describes it: what it advertises, not yet where that is. The address stage makes a HostRecord of it. */
export interface HostDescription extends Omit<HostRecord, "addresses" | "held"> {
  /** `hostname` as advertised: an IP address or a DNS name, unchecked; "" if missing. */
  readonly advertisedHostname: string;
  /** `httpPort` as advertised; 0 if missing, not a whole number, or the host listens to no HTTP. */
  readonly advertisedPort: number;
}

/** What a projection gives: complete but for the addresses of Hosts. */
export type ObjectRecord = HostDescription | WorkloadRecord | ReplicaSetRecord | DeploymentRecord;

/** An object came, changed or went. A `put` of an equal one is no change. */
export type ObjectChange =
  | { readonly put: ObjectRecord }
  | { readonly remove: ObjectName & { readonly kind: RecordKind } };

/** All that is wrong with one thing, replacing what was said of it before; none: it is put right, or gone. */
export interface ProblemReport {
  /** The thing: `kind/namespace/name` of an object (as recordKey gives it), `File//<name>` of a file. */
  readonly about: string;
  readonly problems: readonly Problem[];
}

/** What a source says at one time. */
export interface Batch<Change> {
  /** Each object at most once; their order means nothing. */
  readonly changes: readonly Change[];
  /** Each `about` at most once. Only things whose problems changed are in it. */
  readonly problems: readonly ProblemReport[];
  /** Everything that existed at the start has been given, with this batch or before. Once true, true in every later batch. */
  readonly synced: boolean;
  /** Why what was given may be out of date, in words, with the remedy; undefined while the source is up to date. What was given stays valid meanwhile. */
  readonly stale: string | undefined;
  /**
   * When this was so, in ms since the epoch, never in the future; left out: it is so now. Only what is remembered from before this process began is of the
   * past, and comes before everything else, the oldest first.
   */
  readonly asOfMs?: number;
}

/** Where a source puts its batches. Called from the event loop, never while another call runs; must not throw. */
export type Sink<Change> = (batch: Batch<Change>) => void;

/**
 * Keeps a sink informed of all objects there are.
 * - The state at the start comes in one or more batches, none of which is `synced` but the last.
 * - A batch that changes nothing is given only where `synced` or `stale` changed.
 * - A malformed object hurts itself only: it is reported, its last good record is removed (it cannot be what its owner wants), all others go on.
 * - No batch takes the event loop longer than 10 ms to make.
 */
interface Source<Change> {
  /**
   * Begins; resolves when the first complete state is on its way (not when it is given: wait for `synced`).
   * Throws where there is nothing to read and never was, such as a folder that does not exist: the message names it and the remedy.
   */
  start(sink: Sink<Change>): Promise<void>;
  /** Ends everything it began; no batch comes after. May be called at any time, also twice. */
  stop(): Promise<void>;
}

/** What src/sources/files.ts and src/sources/kubernetes.ts are: sources of objects whose addresses are not resolved. */
export type ObjectSource = Source<ObjectChange>;

/** What placement is fed by: an ObjectSource behind the address stage. */
export type RecordSource = Source<RecordChange>;
