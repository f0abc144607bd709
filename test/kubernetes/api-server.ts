/** A real kube-apiserver on its own etcd, with RBAC on: what tests of our reading of Kubernetes are worth anything against. */
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AdminClient, type KubernetesObject } from "./api-admin.ts";
import { apiServerBinaries } from "./api-server-binaries.ts";

const ADMIN_TOKEN = "test-admin";
const READY_MS = 120_000;
/** Objects on their way to etcd at once. */
const ETCD_LANES = 8;

/**
 * Starts that end in a panic of the API server's own and are made again, as a kubelet would: 1.36.3 reads a nil pointer now and then while it starts with
 * CustomResourceDefinitions in etcd (k8s.io/kube-openapi/pkg/cached, Atomic.Get; seen once in some hundred restarts on a busy machine).
 */
const MOST_PANICS = 2;

/** Starts both; ready when this resolves (about 5 s on two cores). Builds the binaries where the machine has none: see api-server-binaries.ts. */
export async function startApiServer(): Promise<ApiServer> {
  const { etcd, apiServer } = await apiServerBinaries();
  const folder = await mkdtemp(join(tmpdir(), "signalbox-api-server-"));
  const [port, etcdPort, peerPort] = await freePorts(3);
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  await writeFile(join(folder, "tokens.csv"), `${ADMIN_TOKEN},admin,admin,system:masters\n`);
  const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(join(folder, "sa.key"), keys.privateKey.export({ type: "pkcs8", format: "pem" }));
  await writeFile(join(folder, "sa.pub"), keys.publicKey.export({ type: "spki", format: "pem" }));
  const etcdArguments = [
    "--name=test",
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=test=${peerUrl}`,
    "--unsafe-no-fsync", // the data is thrown away
  ];
  const apiArguments = [
    `--etcd-servers=${etcdUrl}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--cert-dir=${join(folder, "certificates")}`,
    `--token-auth-file=${join(folder, "tokens.csv")}`,
    "--authorization-mode=RBAC",
    "--service-account-issuer=https://kubernetes.test",
    `--service-account-key-file=${join(folder, "sa.pub")}`,
    `--service-account-signing-key-file=${join(folder, "sa.key")}`,
    "--service-cluster-ip-range=10.0.0.0/24",
    "--disable-admission-plugins=ServiceAccount", // it waits for tokens that a controller manager would make
  ];
  await mkdir(join(folder, "certificates"));
  const server = new ApiServer(folder, `https://127.0.0.1:${port}`, {
    etcd: [etcd, etcdArguments],
    api: [apiServer, apiArguments],
    etcdUrl,
  });
  try {
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  for (const server of servers) server.close();
  return ports;
}

interface Commands {
  readonly etcd: readonly [string, readonly string[]];
  readonly api: readonly [string, readonly string[]];
  readonly etcdUrl: string;
}

/** One running API server. What it stores lives in etcd and outlasts `kill` and `restart`. */
export class ApiServer {
  readonly url: string;
  readonly folder: string;
  readonly #commands: Commands;
  #etcd: Child | undefined;
  #api: Child | undefined;
  #admin: AdminClient | undefined;

  constructor(folder: string, url: string, commands: Commands) {
    this.folder = folder;
    this.url = url;
    this.#commands = commands;
  }

  /** Requests as an administrator: apply, delete, status. */
  get admin(): AdminClient {
    if (this.#admin === undefined) throw new Error("the API server was not started");
    return this.#admin;
  }

  async start(): Promise<void> {
    this.#etcd ??= new Child(...this.#commands.etcd);
    this.#api = new Child(...this.#commands.api);
    const until = Date.now() + READY_MS;
    for (let panics = 0; !(await this.#ready()); ) {
      if (this.#api.exited && /^panic: /m.test(this.#api.words) && ++panics <= MOST_PANICS) {
        await this.#api.end("SIGKILL");
        this.#api = new Child(...this.#commands.api);
      }
      for (const child of [this.#etcd, this.#api])
        if (child.exited) throw new Error(`${child.program} ended: ${child.words}`);
      if (Date.now() > until)
        throw new Error(`the API server was not ready within ${READY_MS / 1000} s: ${this.#api.words}`);
      await sleep(100);
    }
  }

  async #ready(): Promise<boolean> {
    try {
      this.#admin ??= new AdminClient(this.url, await readFile(this.#certificate), ADMIN_TOKEN);
      return (await this.#admin.status("/readyz")) === 200;
    } catch {
      return false;
    }
  }

  get #certificate(): string {
    return join(this.folder, "certificates", "apiserver.crt");
  }

  /** Ends the API server without a word to its clients. etcd goes on. */
  async kill(): Promise<void> {
    await this.#api?.end("SIGKILL");
  }

  /** Starts it again, on the same port, with what etcd kept. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Stops both and removes everything they wrote. */
  async stop(): Promise<void> {
    await this.#api?.end("SIGKILL");
    await this.#etcd?.end("SIGKILL");
    this.#admin?.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Keeps what etcd has now, for `restoreBackup`. Both are restarted for it. */
  async backUp(): Promise<void> {
    await this.#whileDown(async (data, backup) => await cp(data, backup, { recursive: true }));
  }

  /** Puts the backup in the place of what etcd has, as a restore does that is not told to raise revisions: they count on from the backup's. */
  async restoreBackup(): Promise<void> {
    await this.#whileDown(async (data, backup) => {
      await rm(data, { recursive: true });
      await cp(backup, data, { recursive: true });
    });
  }

  async #whileDown(work: (data: string, backup: string) => Promise<void>): Promise<void> {
    await this.kill();
    await this.#etcd?.end("SIGTERM");
    this.#etcd = undefined;
    await work(join(this.folder, "etcd"), join(this.folder, "etcd-backup"));
    await this.start();
  }

  /** Forgets all history in etcd, so that positions and continue tokens of before expire. */
  async compact(): Promise<void> {
    const status = await this.#etcdCall("/v3/maintenance/status", {});
    const { revision } = status["header"] as { revision: string };
    await this.#etcdCall("/v3/kv/compaction", { revision, physical: true });
  }

  /**
   * Puts objects of a custom kind, status and all, where the API server keeps them: thousands in seconds, which written one by one would keep two cores
   * busy for a minute. Nothing validates them. Watches tell them like any other; each has a resourceVersion of its own, as objects have.
   */
  async store(plural: string, objects: readonly KubernetesObject[]): Promise<void> {
    const creationTimestamp = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    const left = objects.values();
    const lane = async (): Promise<void> => {
      for (const { metadata, ...rest } of left) {
        const group = rest.apiVersion.slice(0, rest.apiVersion.indexOf("/"));
        const key = `/registry/${group}/${plural}/${metadata.namespace ?? "default"}/${metadata.name}`;
        const stored = { ...rest, metadata: { creationTimestamp, generation: 1, uid: randomUUID(), ...metadata } };
        await this.#etcdCall("/v3/kv/put", { key: base64(key), value: base64(JSON.stringify(stored)) });
      }
    };
    await Promise.all(Array.from({ length: ETCD_LANES }, lane));
  }

  async #etcdCall(path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    const answer = await fetch(this.#commands.etcdUrl + path, { method: "POST", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`etcd ${path}: ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  /** Writes a kubeconfig of the administrator. Gives its path. */
  async adminKubeconfig(): Promise<string> {
    return await this.#kubeconfig("admin", ADMIN_TOKEN);
  }

  /** Writes a kubeconfig of a ServiceAccount, which is made if it does not exist. It may do what RBAC grants it. Gives its path. */
  async kubeconfigFor(namespace: string, serviceAccount: string): Promise<string> {
    const object = { apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name: serviceAccount } };
    await this.admin.apply(object);
    const request = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: 3_600 },
    };
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`;
    const { status } = (await this.admin.request("POST", path, request)) as KubernetesObject & {
      status: { token: string };
    };
    return await this.#kubeconfig(`${namespace}-${serviceAccount}`, status.token);
  }

  async #kubeconfig(name: string, token: string): Promise<string> {
    const path = join(this.folder, `${name}.kubeconfig`);
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: name } }],
      clusters: [{ name: "test", cluster: { server: this.url, "certificate-authority": this.#certificate } }],
      users: [{ name, user: { token } }],
    };
    await writeFile(path, JSON.stringify(config)); // JSON is YAML
    return path;
  }
}

/** A child process whose last words are kept, and which does not outlive this one. */
class Child {
  readonly program: string;
  readonly #process: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #onExit = () => this.#process.kill("SIGKILL");
  words = "";

  constructor(program: string, args: readonly string[]) {
    this.program = program;
    this.#process = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#process.stderr?.on("data", (chunk: Buffer) => {
      this.words = (this.words + chunk.toString("utf8")).slice(-4_000);
    });
    this.#exit = once(this.#process, "exit");
    process.once("exit", this.#onExit);
  }

  get exited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.exited) {
      this.#process.kill(signal);
      await this.#exit;
    }
    process.off("exit", this.#onExit);
  }
}
