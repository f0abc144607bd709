/**
 * How to reach an API server and as whom: read from kubeconfig files or from what a pod is given.
 * What an entry says is read by @kubernetes/client-node. Only three of its files are imported, by their paths (here and in credential.ts): importing the
 * package loads every generated API class, and `serve` then takes 181 MB of memory instead of 131 and a second longer to start (2.0.1 on Node 24).
 * It has no `exports` map that would forbid the paths. The version is pinned; a release that moves them fails the tests of this room.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import {
  type Cluster,
  type Context,
  newClusters,
  newContexts,
  newUsers,
  type User,
} from "@kubernetes/client-node/dist/config_types.js";
import { parse } from "yaml";
import { ApiError } from "./failure.ts";
import { fieldsOf } from "./resource.ts";

/** Everything one request needs to know. Paths in it are absolute; the files are read when they are needed. */
export interface Access {
  /** Where it was read from, for messages. */
  readonly origin: string;
  /** `server` is `https://10.0.0.1:443` or with a path, without a slash at its end. `http:` is for test servers and local proxies. */
  readonly cluster: Cluster;
  /** A file of a token stands in `authProvider.config.tokenFile`, where FileAuth of client-node looks for it. */
  readonly user: User;
  /** The namespace of the context; that of the pod in a cluster. "" if none is named. */
  readonly namespace: string;
  /** Read from what a pod is given: `namespace` is then our own, and not merely what somebody looks at. */
  readonly inPod: boolean;
}

/** `user.exec` of an Access: a credential plugin, as ExecAuth of client-node runs it. */
export interface Plugin {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  /** What to do when it fails. */
  readonly installHint: string;
}

export interface AccessOptions {
  /** Path of a kubeconfig. Default: the variable KUBECONFIG (several paths are merged, the first wins), else ~/.kube/config, else what a pod is given. */
  readonly kubeconfig?: string;
  /** Context of the kubeconfig. Default: its current-context. */
  readonly context?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a pod finds its ServiceAccount (Kubernetes documentation, "Accessing the API from within a Pod"). */
const POD_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Reads the configuration that the options and the environment name. Throws an ApiError that names the file and the field at fault. */
export function readAccess(options: AccessOptions, env: Environment): Access {
  if (options.kubeconfig !== undefined)
    return fromFiles([options.kubeconfig], options.context, "source.kubernetes.kubeconfig");
  const named = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  if (named.length > 0) return fromFiles(named, options.context, "the variable KUBECONFIG");
  const home = join(env["HOME"] ?? homedir(), ".kube", "config");
  if (textOf(home) !== undefined) return fromFiles([home], options.context, "source.kubernetes.kubeconfig");
  const inPod = podAccess(env, POD_FOLDER);
  if (inPod !== undefined) return inPod;
  throw misconfigured(
    "there is no kubeconfig: KUBECONFIG is not set, ~/.kube/config does not exist, and this is not a pod with a ServiceAccount token",
    "Set source.kubernetes.kubeconfig to the path of a kubeconfig",
  );
}

/** What a pod is given: two variables and a folder; undefined outside of one. Exported for its test. */
export function podAccess(env: Environment, folder: string): Access | undefined {
  const [hostname, port] = [env["KUBERNETES_SERVICE_HOST"], env["KUBERNETES_SERVICE_PORT"]];
  const token = join(folder, "token");
  if (hostname === undefined || port === undefined || textOf(token) === undefined) return undefined;
  const server = `https://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  return {
    origin: "the pod's ServiceAccount",
    cluster: { name: "pod", server, caFile: join(folder, "ca.crt"), skipTLSVerify: false },
    user: { name: "pod", authProvider: fileProvider(token) },
    namespace: textOf(join(folder, "namespace"))?.trim() ?? "",
    inPod: true,
  };
}

const fileProvider = (tokenFile: string) => ({ name: "tokenFile", config: { tokenFile } });

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

/** One file of a kubeconfig. */
interface Document {
  readonly path: string;
  readonly fields: Fields;
}

type Fields = Readonly<Record<string, unknown>>;

/** One entry of a list, as client-node reads it, the fields it was read from, and the file it stands in. */
interface Entry<T> {
  readonly read: T;
  readonly fields: Fields;
  readonly path: string;
}

/** `namedBy` is what to correct where there is no such file. */
function fromFiles(paths: readonly string[], contextName: string | undefined, namedBy: string): Access {
  const documents = paths.map((path) => ({ path, fields: documentOf(path, namedBy) }));
  const name = contextName ?? documents.map(({ fields }) => fields["current-context"]).find(isNamed);
  if (name === undefined)
    throw misconfigured(
      `kubeconfig ${paths.join(delimiter)} has no current-context`,
      "Set source.kubernetes.context, or current-context in the kubeconfig",
    );
  const askedBy = contextName === undefined ? "current-context" : "source.kubernetes.context";
  const { read: context } = entryOf<Context>(documents, "context", newContexts, { name, askedBy });
  const by = { askedBy: `context ${name}` };
  const cluster = entryOf<Cluster>(documents, "cluster", newClusters, { name: context.cluster, ...by });
  const user = isNamed(context.user)
    ? entryOf<User>(documents, "user", newUsers, { name: context.user, ...by })
    : undefined;
  return {
    origin: cluster.path,
    cluster: checkedCluster(cluster),
    user: user === undefined ? { name: "" } : checkedUser(user),
    namespace: context.namespace ?? "",
    inPod: false,
  };
}

function documentOf(path: string, namedBy: string): Fields {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw misconfigured(`kubeconfig ${path} cannot be read: ${(error as Error).message}`, `Correct ${namedBy}`);
  }
  try {
    return fieldsOf(parse(text)) ?? {};
  } catch (error) {
    throw misconfigured(`kubeconfig ${path} is not YAML: ${(error as Error).message}`, "Correct the file");
  }
}

const isNamed = (value: unknown): value is string => typeof value === "string" && value !== "";

/** The first entry of that name. It is given to client-node alone, so that what is wrong with others hurts nobody, as in kubectl. */
function entryOf<T>(
  documents: readonly Document[],
  kind: "context" | "cluster" | "user",
  readList: (entries: unknown[]) => T[],
  { name, askedBy }: { readonly name: string; readonly askedBy: string },
): Entry<T> {
  for (const { path, fields } of documents) {
    const list = fields[`${kind}s`];
    const entry = Array.isArray(list)
      ? list.map(fieldsOf).find((candidate) => candidate?.["name"] === name)
      : undefined;
    if (entry === undefined) continue;
    try {
      const [read] = readList([entry]);
      if (read !== undefined) return { read, fields: fieldsOf(entry[kind]) ?? {}, path };
    } catch (error) {
      // `clusters[0].cluster.server is missing`: the place is that in our list of one, so the name stands for it.
      const words = (error as Error).message.replace(`${kind}s[0].`, "");
      throw misconfigured(`kubeconfig ${path}, ${kind} ${name}: ${words}`, "Correct the file");
    }
  }
  throw misconfigured(
    `kubeconfig ${documents.map(({ path }) => path).join(delimiter)} has no ${kind} "${name}", which ${askedBy} names`,
    `Add it to ${kind}s, or name another`,
  );
}

function checkedCluster({ read, path }: Entry<Cluster>): Cluster {
  const at = `kubeconfig ${path}, cluster ${read.name}`;
  if (!/^https?:\/\//.test(read.server) || !URL.canParse(read.server))
    throw misconfigured(`${at}, server: "${read.server}" is not a URL`, "Write it as https://name:port");
  if (isNamed(read.proxyUrl) && !/^https?:\/\//.test(read.proxyUrl))
    throw misconfigured(
      `${at}, proxy-url: "${read.proxyUrl}" is not an HTTP proxy`,
      "Use an http:// or https:// proxy: SOCKS is not supported",
    );
  const cluster = { ...read };
  if (isNamed(cluster.caFile)) cluster.caFile = besideFile(path, cluster.caFile);
  return cluster;
}

function checkedUser({ read, fields, path }: Entry<User>): User {
  const at = `kubeconfig ${path}, user ${read.name}`;
  if (read.authProvider)
    throw misconfigured(
      `${at}: auth-provider was removed from Kubernetes with 1.26`,
      "Use the exec plugin of your provider, or a token",
    );
  const [cert, key] = [read.certData ?? read.certFile, read.keyData ?? read.keyFile];
  if (isNamed(cert) !== isNamed(key))
    throw misconfigured(
      `${at}: ${isNamed(key) ? "client-key without client-certificate" : "client-certificate without client-key"}`,
      "Give both or none",
    );
  // client-node does not read `tokenFile`; its FileAuth looks for the path here. It wins over `token`, as in kubectl.
  const { tokenFile } = fields;
  const user: User = {
    ...read,
    ...(isNamed(tokenFile) ? { authProvider: fileProvider(besideFile(path, tokenFile)) } : {}),
    ...(read.exec ? { exec: pluginOf(fieldsOf(read.exec) ?? {}, at, path) } : {}),
  };
  if (isNamed(user.certFile)) user.certFile = besideFile(path, user.certFile);
  if (isNamed(user.keyFile)) user.keyFile = besideFile(path, user.keyFile);
  return user;
}

/** A relative path in a kubeconfig begins at its folder. */
const besideFile = (path: string, named: string): string => resolve(dirname(path), named);

function pluginOf(exec: Fields, at: string, path: string): Plugin {
  const { command, apiVersion = "client.authentication.k8s.io/v1", args, env, installHint } = exec;
  if (!isNamed(command)) throw misconfigured(`${at}, exec.command is missing`, "Name the plugin's program");
  // client-node does not say which version of the answer we read; `aws` and others guess then, and some of their releases guessed wrong.
  const info = { apiVersion, kind: "ExecCredential", spec: { interactive: false } };
  return {
    // A bare name is looked up in PATH; one with a slash is relative to the kubeconfig, as in kubectl.
    command: command.includes("/") ? besideFile(path, command) : command,
    args: Array.isArray(args) ? args.map(String) : [],
    env: [...(Array.isArray(env) ? env : []), { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(info) }],
    installHint: isNamed(installHint) ? installHint : "Run it by hand to see why",
  };
}
