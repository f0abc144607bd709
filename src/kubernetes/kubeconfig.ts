/**
 * How to reach an API server and as whom: read from kubeconfig files or from what a pod is given.
 * Our own reader, not that of @kubernetes/client-node: importing it costs 87 MB of memory and 0.5 s (measured on Node 24), since it loads
 * every generated API class, and we need four fields of one file.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { parse } from "yaml";
import { ApiError } from "./failure.ts";

/** Bytes that stand in the configuration, or the file that holds them, read anew for every request so that rotation needs no restart. */
export type Material = { readonly file: string } | { readonly bytes: Buffer };

/** A credential plugin (`users[].user.exec`). */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint: string;
}

/** Everything one request needs to know. */
export interface Access {
  /** Where it was read from, for messages. */
  readonly origin: string;
  /** `https://10.0.0.1:443` or with a path, without a slash at its end. `http:` is for test servers and local proxies. */
  readonly server: string;
  /** The namespace of the context; that of the pod in a cluster. "" if none is named. */
  readonly namespace: string;
  readonly proxyUrl: string | undefined;
  readonly ca: Material | undefined;
  readonly serverName: string | undefined;
  readonly insecure: boolean;
  readonly clientCertificate: { readonly cert: Material; readonly key: Material } | undefined;
  readonly token: Material | undefined;
  readonly basic: string | undefined;
  readonly exec: ExecPlugin | undefined;
  /** `as` of the user: the name to act for. */
  readonly impersonate: string | undefined;
}

export interface AccessOptions {
  /** Path of a kubeconfig. Default: the variable KUBECONFIG (several paths are merged, the first wins), else ~/.kube/config, else what a pod is given. */
  readonly kubeconfig?: string;
  /** Context of the kubeconfig. Default: its current-context. */
  readonly context?: string;
}

/** Where a pod finds its ServiceAccount (Kubernetes documentation, "Accessing the API from within a Pod"). */
const POD_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Reads the configuration that the options and the environment name. Throws an ApiError that names the file and the field at fault. */
export function readAccess(options: AccessOptions, env: Readonly<Record<string, string | undefined>>): Access {
  if (options.kubeconfig !== undefined) return fromFiles([options.kubeconfig], options.context);
  const named = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  if (named.length > 0) return fromFiles(named, options.context);
  const home = join(env["HOME"] ?? homedir(), ".kube", "config");
  if (textOf(home) !== undefined) return fromFiles([home], options.context);
  const inPod = podAccess(env, POD_FOLDER);
  if (inPod !== undefined) return inPod;
  throw misconfigured(
    "there is no kubeconfig: KUBECONFIG is not set, ~/.kube/config does not exist, and this is not a pod with a ServiceAccount token",
    "Set source.kubernetes.kubeconfig to the path of a kubeconfig",
  );
}

/** What a pod is given: two variables and a folder; undefined outside of one. Exported for its test. */
export function podAccess(env: Readonly<Record<string, string | undefined>>, folder: string): Access | undefined {
  const [hostname, port] = [env["KUBERNETES_SERVICE_HOST"], env["KUBERNETES_SERVICE_PORT"]];
  const token = join(folder, "token");
  if (hostname === undefined || port === undefined || textOf(token) === undefined) return undefined;
  return {
    ...NOTHING,
    origin: "the pod's ServiceAccount",
    server: `https://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`,
    namespace: textOf(join(folder, "namespace"))?.trim() ?? "",
    ca: { file: join(folder, "ca.crt") },
    token: { file: token },
  };
}

const NOTHING = {
  proxyUrl: undefined,
  ca: undefined,
  serverName: undefined,
  insecure: false,
  clientCertificate: undefined,
  token: undefined,
  basic: undefined,
  exec: undefined,
  impersonate: undefined,
} as const;

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function misconfigured(cause: string, remedy: string): ApiError {
  return new ApiError({ code: "credentials", cause, remedy });
}

/** An entry of a kubeconfig list, with the folder that its relative paths mean. */
interface Entry {
  readonly name: string;
  readonly fields: Fields;
  readonly origin: string;
  readonly folder: string;
}

type Fields = Readonly<Record<string, unknown>>;

function fromFiles(paths: readonly string[], contextName: string | undefined): Access {
  const documents = paths.map((path) => ({ path, fields: documentOf(path) }));
  const find = (list: string, key: string, name: string, askedBy: string): Entry => {
    for (const { path, fields } of documents) {
      const entries = Array.isArray(fields[list]) ? (fields[list] as unknown[]).map(fieldsOf) : [];
      const entry = entries.find((candidate) => candidate["name"] === name);
      if (entry !== undefined)
        return { name, fields: fieldsOf(entry[key]), origin: path, folder: dirname(resolve(path)) };
    }
    throw misconfigured(
      `kubeconfig ${paths.join(delimiter)} has no ${key} "${name}", which ${askedBy} names`,
      `Add it to ${list}, or name another`,
    );
  };
  const current = documents.map(({ fields }) => stringOf(fields, "current-context")).find((name) => name !== undefined);
  const name = contextName ?? current;
  if (name === undefined)
    throw misconfigured(
      `kubeconfig ${paths.join(delimiter)} has no current-context`,
      "Set source.kubernetes.context, or current-context in the kubeconfig",
    );
  const context = find(
    "contexts",
    "context",
    name,
    contextName === undefined ? "current-context" : "source.kubernetes.context",
  );
  const cluster = find("clusters", "cluster", stringOf(context.fields, "cluster") ?? "", `context ${name}`);
  const userName = stringOf(context.fields, "user");
  const user = userName === undefined ? undefined : find("users", "user", userName, `context ${name}`);
  return {
    ...clusterFields(cluster),
    ...(user === undefined ? {} : userFields(user)),
    namespace: stringOf(context.fields, "namespace") ?? "",
  };
}

function documentOf(path: string): Fields {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw misconfigured(
      `kubeconfig ${path} cannot be read: ${(error as Error).message}`,
      "Correct source.kubernetes.kubeconfig",
    );
  }
  try {
    return fieldsOf(parse(text));
  } catch (error) {
    throw misconfigured(`kubeconfig ${path} is not YAML: ${(error as Error).message}`, "Correct the file");
  }
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const stringOf = (fields: Fields, name: string): string | undefined => {
  const value = fields[name];
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** `<field>-data` in base64 wins over the file that `<field>` names, as in kubectl. */
function materialOf({ fields, folder }: Entry, field: string): Material | undefined {
  const inline = stringOf(fields, `${field}-data`);
  if (inline !== undefined) return { bytes: Buffer.from(inline, "base64") };
  const path = stringOf(fields, field);
  return path === undefined ? undefined : { file: isAbsolute(path) ? path : join(folder, path) };
}

function clusterFields(cluster: Entry): Omit<Access, "namespace"> {
  const server = stringOf(cluster.fields, "server") ?? "";
  if (!/^https?:\/\//.test(server) || !URL.canParse(server))
    throw misconfigured(
      `kubeconfig ${cluster.origin}, cluster ${cluster.name}, server: "${server}" is not a URL`,
      "Write it as https://name:port",
    );
  const proxyUrl = stringOf(cluster.fields, "proxy-url");
  if (proxyUrl !== undefined && !/^https?:\/\//.test(proxyUrl))
    throw misconfigured(
      `kubeconfig ${cluster.origin}, cluster ${cluster.name}, proxy-url: "${proxyUrl}" is not an HTTP proxy`,
      "Use an http:// or https:// proxy: SOCKS is not supported",
    );
  return {
    ...NOTHING,
    origin: cluster.origin,
    server: server.replace(/\/+$/, ""),
    proxyUrl,
    ca: materialOf(cluster, "certificate-authority"),
    serverName: stringOf(cluster.fields, "tls-server-name"),
    insecure: cluster.fields["insecure-skip-tls-verify"] === true,
  };
}

function userFields(user: Entry): Partial<Access> {
  if (user.fields["auth-provider"] !== undefined)
    throw misconfigured(
      `kubeconfig ${user.origin}, user ${user.name}: auth-provider was removed from Kubernetes with 1.26`,
      "Use the exec plugin of your provider, or a token",
    );
  const cert = materialOf(user, "client-certificate");
  const key = materialOf(user, "client-key");
  if ((cert === undefined) !== (key === undefined))
    throw misconfigured(
      `kubeconfig ${user.origin}, user ${user.name}: ${cert === undefined ? "client-key without client-certificate" : "client-certificate without client-key"}`,
      "Give both or none",
    );
  const tokenFile = stringOf(user.fields, "tokenFile");
  const token = stringOf(user.fields, "token");
  const basic = stringOf(user.fields, "username");
  return {
    clientCertificate: cert === undefined || key === undefined ? undefined : { cert, key },
    token:
      tokenFile !== undefined
        ? { file: isAbsolute(tokenFile) ? tokenFile : join(user.folder, tokenFile) }
        : token === undefined
          ? undefined
          : { bytes: Buffer.from(token) },
    basic: basic === undefined ? undefined : `${basic}:${stringOf(user.fields, "password") ?? ""}`,
    exec: user.fields["exec"] === undefined ? undefined : pluginOf(user),
    impersonate: stringOf(user.fields, "as"),
  };
}

function pluginOf(user: Entry): ExecPlugin {
  const fields = fieldsOf(user.fields["exec"]);
  const command = stringOf(fields, "command");
  if (command === undefined)
    throw misconfigured(
      `kubeconfig ${user.origin}, user ${user.name}, exec.command is missing`,
      "Name the plugin's program",
    );
  const env = (Array.isArray(fields["env"]) ? fields["env"] : []).map(fieldsOf);
  const args: unknown[] = Array.isArray(fields["args"]) ? fields["args"] : [];
  return {
    apiVersion: stringOf(fields, "apiVersion") ?? "client.authentication.k8s.io/v1",
    // A bare name is looked up in PATH; one with a slash is relative to the kubeconfig, as in kubectl.
    command: command.includes("/") && !isAbsolute(command) ? join(user.folder, command) : command,
    args: args.filter((arg) => typeof arg === "string"),
    env: Object.fromEntries(env.map((pair) => [stringOf(pair, "name") ?? "", stringOf(pair, "value") ?? ""])),
    installHint: stringOf(fields, "installHint") ?? "",
  };
}
