/** What an owner can put right: a value that is returned, collected and reported, never thrown. */

/** The object a problem is about, as its owner would look for it. */
export interface Subject {
  readonly kind: string;
  /** Empty for objects without a namespace (files of configuration, cluster-scoped Hosts). */
  readonly namespace: string;
  readonly name: string;
  /** Path of the field inside the object, as in `spec.hostInterfaces[0].config.host`. */
  readonly field?: string;
}

/** Stable names of problems: tests, metrics and the reference use them. */
export type ProblemCode =
  | "object-invalid" // not the shape its kind prescribes
  | "field-unknown" // nothing reads it, and it looks like a slip of what is read
  | "file-invalid" // a file that cannot be parsed
  | "setting-invalid" // an option of the configuration
  | "kind-unknown" // an object of a kind that is not read
  | "hostname-invalid"
  | "hostname-missing" // serves wasi:http but names no hostname
  | "hostname-replaced" // aliases that the operator replaces by those of a Service
  | "hostname-indirect" // configFrom or secretFrom may override a hostname and is not read
  | "hostname-spelling" // one hostname registered in several spellings
  | "hostname-taken" // another namespace owns it
  | "hostname-denied" // the administrator's rules give it to other namespaces
  | "hostname-contaminated" // a loser's replica answers on the same host
  | "address-missing" // no usable hostname or httpPort on a Host
  | "address-refused" // outside the allowed networks
  | "address-unresolved" // DNS gave nothing usable
  | "address-superseded" // a newer Host has this address
  | "host-id-superseded" // a newer Host has this hostId
  | "host-unknown" // a Workload placed on a Host that is not there
  | "ownership-degraded" // an optional kind cannot be read, so ages are those of short-lived objects
  | "resource-invalid"; // our own output broke Envoy's rules; it is withheld

/** One thing that is wrong, with its remedy. Reads: subject: cause. remedy. */
export interface Problem {
  readonly code: ProblemCode;
  readonly subject: Subject;
  /** What is wrong, with the value found and the words of any error below. No full stop at the end. */
  readonly cause: string;
  /** What to do, beginning with a verb. */
  readonly remedy: string;
  /** `file:line:column` where the subject stands, for what was read from a file. */
  readonly place?: string;
}

/** `Workload shop/cart-7f9c, spec.hostId`: the subject in one phrase. */
export function subjectText(subject: Subject): string {
  const name = subject.namespace === "" ? subject.name : `${subject.namespace}/${subject.name}`;
  return `${subject.kind} ${name}${subject.field === undefined ? "" : `, ${subject.field}`}`;
}

/** The problem in one line, for logs and commands. */
export function problemText(problem: Problem): string {
  const place = problem.place === undefined ? "" : `${problem.place}: `;
  return `${place}${subjectText(problem.subject)}: ${problem.cause}. ${problem.remedy}`;
}
