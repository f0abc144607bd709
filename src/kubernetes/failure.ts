/** What can go wrong between us and an API server, as one value: a stable code, the cause with the words found, and what to do about it. */

/** Stable names: metrics, the reference and tests use them. */
export type FailureCode =
  | "unreachable" // no connection: refused, reset, not resolved
  | "untrusted" // TLS: the certificate is expired, of another name or of an unknown CA
  | "credentials" // our own credentials cannot be had: a file is missing, a plugin fails
  | "unauthenticated" // 401
  | "forbidden" // 403
  | "absent" // 404: the API server does not serve this kind, or has no such object
  | "conflict" // 409: somebody else changed the object since we read it, or made it before us
  | "expired" // 410: our position is too old, list anew
  | "throttled" // 429
  | "timeout" // 504: too slow, or our position lies in the future of an API server whose etcd was restored
  | "server" // any other 5xx
  | "refused" // any other status
  | "silent" // nothing came for longer than the API server stays silent
  | "cut" // an answer ended in its middle
  | "undecodable"; // an answer that is not what the API promises

/** Somebody has to act first: grant the right, or install the kind. (An API server that starts answers so too, for a moment.) Everything else passes, and is waited for. */
export const HELPLESS: ReadonlySet<FailureCode> = new Set(["forbidden", "absent"]);

export interface Failure {
  readonly code: FailureCode;
  /** What happened, with the words of the error below. No full stop at the end. */
  readonly cause: string;
  /** What to do, beginning with a verb. */
  readonly remedy: string;
  /** How long the API server asks us to stay away, in ms; undefined if it does not say. */
  readonly retryAfterMs?: number;
}

/** A failure on its way up: thrown by requests, caught by whoever decides what comes next. */
export class ApiError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, cause?: unknown) {
    super(`${failure.cause}. ${failure.remedy}`, { cause });
    this.name = "ApiError";
    this.failure = failure;
  }
}

/** The failure in anything caught. What is no ApiError comes from sockets and DNS. */
export function failureOf(caught: unknown, server: string): Failure {
  if (caught instanceof ApiError) return caught.failure;
  const error = caught instanceof Error ? caught : new Error(String(caught));
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const words = wordsOf(error, code);
  if (TLS.test(code))
    return {
      code: "untrusted",
      cause: `the certificate of ${server} is not trusted: ${words}`,
      remedy: /EXPIRED|NOT_YET/.test(code)
        ? "Renew the certificate of the API server, or set the clock of this machine"
        : "Put the authority that signed it into the kubeconfig (certificate-authority) and use a server name the certificate has",
    };
  if (code === "EMFILE" || code === "ENFILE")
    return {
      code: "unreachable",
      cause: `no connection to ${server}: ${words}`,
      remedy: "Raise the limit of open files (LimitNOFILE in systemd, ulimit -n in a shell)",
    };
  return {
    code: "unreachable",
    cause: `no connection to ${server}: ${words}`,
    remedy: "Start the API server, or correct server in the kubeconfig; the network between must let this port pass",
  };
}

/** Codes of node:tls and OpenSSL; those of sockets begin with E and an errno name. */
const TLS =
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|ERROR_IN_CERT|CRL_)/;

function wordsOf(error: Error, code: string): string {
  // Happy eyeballs reports one error per address, and an empty message on top.
  if (error instanceof AggregateError)
    return error.errors.map((e) => (e instanceof Error ? e.message : String(e))).join("; ");
  if (error.message === "") return code === "" ? error.name : code;
  return code === "" || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}

/** A request as its refusal names it: `list workloads.runtime.wasmcloud.dev in namespace shop`. */
export interface Asked {
  readonly verb: "list" | "watch" | "get" | "create" | "update" | "patch";
  readonly plural: string;
  readonly group: string;
  /** Undefined: in all namespaces, or a kind without them. */
  readonly namespace: string | undefined;
  /** Of a request for one object: its name. */
  readonly name?: string;
}

function asText({ verb, plural, group, namespace, name }: Asked): string {
  const what = `${plural}${group === "" ? "" : `.${group}`}${name === undefined ? "" : ` ${name}`}`;
  return `${verb} ${what} ${namespace === undefined ? "in all namespaces" : `in namespace ${namespace}`}`;
}

/** The failure that a status code and the words of a Status object stand for. `retryAfterMs` is that of the header, if there was one. */
export function refusalOf(status: number, words: string, asked: Asked, retryAfterMs?: number): Failure {
  const said = words === "" ? `HTTP status ${status}` : `${words} (${status})`;
  const cause = `cannot ${asText(asked)}: ${said}`;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  switch (status) {
    case 401:
      return {
        code: "unauthenticated",
        cause,
        remedy: "Give Signalbox a valid token or client certificate: the one it has is unknown or expired",
      };
    case 403:
      return { code: "forbidden", cause, remedy: grantRemedy(asked) };
    case 404:
      return {
        code: "absent",
        cause,
        remedy: READING.has(asked.verb)
          ? `Install the CustomResourceDefinition ${asked.plural}.${asked.group} (wasmCloud's runtime-operator chart has it)`
          : "See that the namespace exists and is not being deleted",
      };
    case 409:
      return { code: "conflict", cause, remedy: "Wait: Signalbox looks again" };
    case 410:
      return { code: "expired", cause, remedy: "Wait: a new list is under way" };
    case 429:
      return {
        code: "throttled",
        cause,
        remedy: "Wait; if it stays, look at the API server's priority levels",
        ...wait,
      };
    case 504:
      return {
        code: "timeout",
        cause,
        remedy: "Look at the API server's log; Signalbox tries again, and lists anew if this stays",
      };
    default:
      return status >= 500
        ? { code: "server", cause, remedy: "Look at the API server's log; Signalbox tries again", ...wait }
        : { code: "refused", cause, remedy: "Report this to the authors of Signalbox: the request is theirs", ...wait };
  }
}

const READING: ReadonlySet<Asked["verb"]> = new Set(["list", "watch", "get"]);

function grantRemedy({ verb, plural, group, namespace, name }: Asked): string {
  const verbs = READING.has(verb) && name === undefined ? '"get", "list", "watch"' : `"${verb}"`;
  const rule = `apiGroups: ["${group}"], resources: ["${plural}"], verbs: [${verbs}]`;
  const role =
    namespace === undefined
      ? "a ClusterRole and ClusterRoleBinding"
      : `a Role and RoleBinding in namespace ${namespace}`;
  return `Grant the verb ${verb} to Signalbox's ServiceAccount by ${role} with ${rule}`;
}

/** What is not the API server's fault. A list is made anew after it, since nobody knows what was lost. */
export function ourFault(error: unknown): Failure {
  const cause = `Signalbox failed: ${error instanceof Error ? error.message : String(error)}`;
  return { code: "undecodable", cause, remedy: "Report this to the authors of Signalbox" };
}
