/** The folder a quickstart works on: a copy of examples/quickstart whose ports are free on this machine. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isMap, parseAllDocuments, parseDocument } from "yaml";
import { type PortReservation, reservePort } from "./port-reservation.ts";
import { Refusal } from "./refusal.ts";

/** Where everything listens, always on 127.0.0.1. */
interface QuickstartPorts {
  readonly envoy: number;
  readonly envoyAdmin: number;
  readonly xds: number;
  readonly admin: number;
}

/** A pretended host of the quickstart, as its Host object says. */
interface QuickstartHost {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export interface QuickstartFolder {
  readonly configFile: string;
  /** The folder to edit. */
  readonly objects: string;
  readonly ports: QuickstartPorts;
  readonly hosts: readonly QuickstartHost[];
  /** What listens elsewhere than usual since something else has its port: `8080 (Envoy) is taken: 41234`. */
  readonly moved: readonly string[];
  /** Removes a copy, leaves a folder of the user's own, and lets others have the ports. */
  remove(): Promise<void>;
}

/** Lies equally deep below src/ and dist/. */
const EXAMPLES = fileURLToPath(new URL("../../examples/quickstart/", import.meta.url));

const USUAL: QuickstartPorts = { envoy: 8080, envoyAdmin: 9901, xds: 18_000, admin: 19_100 };

/**
 * A copy in the system's folder for temporary files; or `own`, filled with the examples where it is empty, and kept.
 * Ports in its files are replaced where something else listens on them, so the files stay the truth.
 * @throws Refusal if `own` is no folder or holds something else.
 */
export async function quickstartFolder(own: string | undefined): Promise<QuickstartFolder> {
  const folder = own === undefined ? await mkdtemp(join(tmpdir(), "signalbox-")) : await ownFolder(resolve(own));
  const objects = join(folder, "objects");
  const configFile = join(folder, "signalbox.yaml");
  const moved: string[] = [];
  const reserved: PortReservation[] = [];
  const remove = async (): Promise<void> => {
    for (const reservation of reserved.splice(0)) reservation.release();
    if (own === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    if (!(await readdir(folder)).includes("signalbox.yaml")) {
      await cp(EXAMPLES, folder, { recursive: true, filter: (from) => basename(from) !== "README.md" });
    }
    const port = async (what: string, address: string, wanted: number): Promise<number> => {
      const reservation = await reservePort(address, wanted);
      reserved.push(reservation);
      const { port: found } = reservation;
      if (found !== wanted) moved.push(`port ${wanted} (${what}) is taken, so it is ${found} this time`);
      return found;
    };
    const ports = await placeServers(configFile, port);
    const hosts = await placeHosts(objects, port);
    return { configFile, objects, ports, hosts, moved, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function ownFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new Refusal(`--folder ${folder} cannot be used: ${(error as Error).message}`, "Name a folder of your own", {
      cause: error,
    });
  });
  const names = await readdir(folder);
  if (names.length === 0 || (names.includes("signalbox.yaml") && names.includes("objects"))) return folder;
  throw new Refusal(
    `--folder ${folder} holds ${names[0]}, and neither signalbox.yaml nor objects`,
    "Name an empty or new folder, or one that an earlier quickstart has filled",
  );
}

type Port = (what: string, address: string, wanted: number) => Promise<number>;

async function placeServers(configFile: string, port: Port): Promise<QuickstartPorts> {
  const document = parseDocument(await readFile(configFile, "utf8"));
  const given = (path: readonly (string | number)[], otherwise: number): number => {
    const text = String(document.getIn(path) ?? "");
    return Number(/(\d+)$/.exec(text)?.[1] ?? otherwise);
  };
  const listener = ["fleets", 0, "listeners", 0, "port"];
  const ports: QuickstartPorts = {
    envoy: await port("Envoy", "127.0.0.1", given(listener, USUAL.envoy)),
    envoyAdmin: await port("Envoy's admin interface", "127.0.0.1", USUAL.envoyAdmin),
    xds: await port("Signalbox's xDS", "127.0.0.1", given(["xds", "address"], USUAL.xds)),
    admin: await port("Signalbox's admin interface", "127.0.0.1", given(["admin", "address"], USUAL.admin)),
  };
  const wanted = [
    [listener, ports.envoy],
    [["xds", "address"], `127.0.0.1:${ports.xds}`],
    [["admin", "address"], `127.0.0.1:${ports.admin}`],
  ] as const;
  const changed = wanted.filter(([path, value]) => document.getIn(path) !== value);
  for (const [path, value] of changed) document.setIn(path, value);
  if (changed.length > 0) await writeFile(configFile, document.toString({ lineWidth: 0 }));
  return ports;
}

async function placeHosts(objects: string, port: Port): Promise<readonly QuickstartHost[]> {
  const hosts: QuickstartHost[] = [];
  for (const file of (await readdir(objects)).filter((name) => /\.ya?ml$/.test(name)).toSorted()) {
    const path = join(objects, file);
    if (!(await stat(path)).isFile()) continue;
    const documents = parseAllDocuments(await readFile(path, "utf8"));
    let changed = false;
    for (const document of documents) {
      if (!isMap(document.contents) || document.get("kind") !== "Host") continue;
      const name = String(document.getIn(["metadata", "name"]));
      const address = String(document.get("hostname"));
      const wanted = Number(document.get("httpPort"));
      const free = await port(`host ${name}`, address, wanted);
      if (free !== wanted) {
        document.set("httpPort", free);
        changed = true;
      }
      hosts.push({ name, address, port: free });
    }
    if (changed) await writeFile(path, documents.map(String).join(""));
  }
  if (hosts.length > 0) return hosts;
  throw new Refusal(`There is no Host in ${objects}`, "Put Host objects there, or let quickstart fill an empty folder");
}
