/**
 * Programs of Kubernetes, built once from their Go modules into the cache folder: in one throw-away module whose staging modules are replaced by their
 * releases. Parallel callers, in this process or others, build once: the rest waits.
 */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The release that is built; its staging modules carry the same numbers under v0. */
const KUBERNETES = "1.36.3";
const STAGING = `v0.${KUBERNETES.slice(2)}`;

/** A build takes 3 to 6 minutes on two cores, a cold and slow network apart. */
const BUILD_MS = 1_800_000;

const ETCD_MAIN = `package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
`;

export type Program = "kube-apiserver" | "etcd" | "garbage-collector";

/** Go package of each; those that begin with a dot are main packages of our own. */
const PACKAGES: Readonly<Record<Program, string>> = {
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  etcd: "./etcd",
  "garbage-collector": "./garbage-collector",
};

/** Module versions are resolved for these. */
const NEEDED = ["cmd/kube-apiserver", "pkg/controller/garbagecollector"];

/** Paths of these programs, ready to run, in the order asked for. @throws when they cannot be built, with the words of Go. */
export async function builtBinaries<const Names extends readonly Program[]>(
  names: Names,
): Promise<{ readonly [Index in keyof Names]: string }> {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const folder = join(cache, "signalbox", `kube-apiserver-${KUBERNETES}`);
  const missing = (): readonly Program[] => names.filter((name) => !executable(join(folder, name)));
  const paths = names.map((name) => join(folder, name)) as { readonly [Index in keyof Names]: string };
  if (missing().length === 0) return paths;
  await mkdir(folder, { recursive: true });
  const lock = join(folder, "lock");
  const until = Date.now() + BUILD_MS;
  while (!(await locked(lock))) {
    if (Date.now() > until)
      throw new Error(`somebody else has been building for ${BUILD_MS / 60_000} minutes: if nobody is, remove ${lock}`);
    await sleep(500);
    if (missing().length === 0) return paths;
  }
  try {
    const wanted = missing();
    if (wanted.length > 0) await build(folder, wanted);
    return paths;
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

/** Whether this file can be run. */
export function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A program's path by the PATH variable. */
export function inPath(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(executable);
}

/** A folder is made by exactly one of many; a lock whose maker is no longer alive is taken away for the next round. */
async function locked(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    await writeFile(join(lock, "pid"), String(process.pid));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const pid = Number(await readFile(join(lock, "pid"), "utf8").catch(() => ""));
  if (pid > 0 && !alive(pid)) await rm(lock, { recursive: true, force: true });
  return false;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function build(folder: string, programs: readonly Program[]): Promise<void> {
  const go = inPath("go");
  if (go === undefined)
    throw new Error(
      "tests against a real API server need programs of Kubernetes: install Go and let them be built (for kube-apiserver and etcd alone, KUBEBUILDER_ASSETS can name a folder that holds both)",
    );
  process.stderr.write(
    `building ${programs.join(" and ")} of Kubernetes ${KUBERNETES} into ${folder}, once (3 to 6 minutes)\n`,
  );
  const source = join(folder, "source");
  await rm(source, { recursive: true, force: true });
  await mkdir(join(source, "etcd"), { recursive: true });
  await writeFile(join(source, "go.mod"), "module signalbox.test/apiserver\n\ngo 1.26.0\n");
  await writeFile(join(source, "etcd", "main.go"), ETCD_MAIN);
  await cp(join(import.meta.dirname, "garbage-collector"), join(source, "garbage-collector"), { recursive: true });

  const run = (args: readonly string[]) => goOutput(go, args, source);
  const download = JSON.parse(await run(["mod", "download", "-json", `k8s.io/kubernetes@v${KUBERNETES}`])) as {
    GoMod: string;
  };
  const upstream = JSON.parse(await run(["mod", "edit", "-json", download.GoMod])) as GoMod;
  // Kubernetes builds its staging modules from its own tree; each is released under v0 too. Only those: k8s.io/utils and others have releases of their own.
  const staging = (upstream.Replace ?? [])
    .filter(({ New }) => New.Path.startsWith("./staging/"))
    .map(({ Old }) => Old.Path);
  await run(["mod", "edit", ...staging.map((path) => `-replace=${path}=${path}@${STAGING}`)]);
  await run(["get", ...NEEDED.map((path) => `k8s.io/kubernetes/${path}@v${KUBERNETES}`)]);
  const version = ["Major=1", `Minor=${KUBERNETES.split(".")[1]}`, `Version=v${KUBERNETES}`];
  const flags = version.map((setting) => `-X k8s.io/component-base/version.git${setting}`).join(" ");
  for (const program of programs) {
    const output = join(folder, program);
    const flagged = `-ldflags=-s -w ${flags}`;
    await run(["build", "-mod=mod", "-p=2", "-trimpath", flagged, "-o", `${output}.new`, PACKAGES[program]]);
    await rename(`${output}.new`, output);
  }
  await rm(source, { recursive: true });
}

interface GoMod {
  readonly Replace?: readonly { readonly Old: { readonly Path: string }; readonly New: { readonly Path: string } }[];
}

/** Standard output of one Go command; its error output ends in the message where it fails, since that names the missing module or network. */
async function goOutput(go: string, args: readonly string[], cwd: string): Promise<string> {
  // Compilers run at low priority: the machine may be busy with other tests.
  const child = spawn("nice", [go, ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, GOFLAGS: "-buildvcs=false" },
  });
  let output = "";
  let complaint = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    complaint = (complaint + chunk.toString("utf8")).slice(-4_000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0)
    throw new Error(
      `cannot build the API server for tests: "go ${args.slice(0, 2).join(" ")} …" failed. Is the Go module proxy reachable? Or set KUBEBUILDER_ASSETS to a folder with kube-apiserver and etcd.\n${complaint}`,
    );
  return output;
}
