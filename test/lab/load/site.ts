/** What is asked, and what is right as an answer. Pure. */
import type { Failure, Outcome } from "./outcome.ts";

/**
 * What is got where no replica answers.
 * - no-replica: the gateway's own 503 for a hostname that exists, of which no replica is there.
 * - unknown: an empty 404, of the gateway or of a host, which a client cannot tell apart.
 */
export type Absence = "no-replica" | "unknown";

export interface Site {
  readonly hostname: string;
  /** Namespace and name of its deployment, with which the names of its replicas begin. */
  readonly served: string;
  /** Another deployment that may answer too: who the hostname passes on to. */
  readonly heir?: string;
  /** What may come in the place of a replica's answer, and is counted apart. Default: nothing. */
  readonly absences?: readonly Absence[];
}

/** What came back for one request. */
export interface Received {
  /** Undefined for a complete answer 200 to what was asked. */
  readonly failure?: Failure;
  readonly absence?: Absence;
  /** Namespace and name of the replica that answered, as it says itself; undefined where none did. */
  readonly servedBy?: string;
}

/** Whether what came is right for the hostname as one of these has it: those that held at some time while the request lasted. */
export function judge(received: Received, sites: readonly Site[]): Pick<Outcome, "failure" | "absence"> {
  const { failure, absence, servedBy } = received;
  if (absence !== undefined && sites.some(({ absences = [] }) => absences.includes(absence))) return { absence };
  if (failure !== undefined) return { failure };
  const isServed = sites.some(({ served, heir = served }) => isOf(servedBy, served) || isOf(servedBy, heir));
  return isServed ? {} : { failure: { as: "foreign", text: `of ${servedBy ?? "nobody"}`, begun: true } };
}

const isOf = (replica: string | undefined, deployment: string): boolean =>
  replica?.startsWith(`${deployment}-`) === true;
