/** A folder with a set of certificates: `ca.crt` and `ca.key`, and a folder for each side with what it needs: `tls.crt`, `tls.key`, `ca.crt`. */
import { X509Certificate } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CertificateSet } from "../tls/certificate-set.ts";
import type { Issued } from "../tls/issue.ts";
import { namesIn } from "../xds/verified-names.ts";
import { Refusal } from "./refusal.ts";

/** What a folder holds already. */
export interface HeldSet {
  readonly authority: Issued;
  /** Names in Signalbox's certificate; undefined if it has none. */
  readonly serverNames: readonly string[] | undefined;
  /** Names in those of fleets. */
  readonly fleets: ReadonlyMap<string, readonly string[]>;
}

const SERVER = "server";
const fleetFolder = (fleet: string): string => `fleet-${fleet}`;

/** Whether there is an authority in the folder, or at least a file of its name. */
export async function holdsAuthority(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.includes("ca.key") || names.includes("ca.crt");
}

/** Reads what is there. @throws Refusal for an authority or a certificate that cannot be read. */
export async function readSet(folder: string): Promise<HeldSet> {
  const authority = { cert: await read(join(folder, "ca.crt")), key: await read(join(folder, "ca.key")) };
  const names = await readdir(folder);
  const fleets = new Map<string, readonly string[]>();
  for (const name of names.toSorted())
    if (name.startsWith(fleetFolder("")))
      fleets.set(name.slice(fleetFolder("").length), await namesOf(join(folder, name, "tls.crt")));
  const serverNames = names.includes(SERVER) ? await namesOf(join(folder, SERVER, "tls.crt")) : undefined;
  return { authority, serverNames, fleets };
}

/** Writes a set, file by file, each by renaming: who follows them sees whole files. Keys are for their owner alone. Gives the folders written. */
export async function writeSet(
  folder: string,
  { authority, server, fleets }: CertificateSet,
): Promise<readonly string[]> {
  const sides = [[SERVER, server] as const, ...[...fleets].map(([fleet, own]) => [fleetFolder(fleet), own] as const)];
  try {
    await mkdir(folder, { recursive: true });
    await put(join(folder, "ca.key"), authority.key, 0o600);
    await put(join(folder, "ca.crt"), authority.cert, 0o644);
    for (const [name, own] of sides) {
      await mkdir(join(folder, name), { recursive: true });
      await put(join(folder, name, "ca.crt"), authority.cert, 0o644);
      await put(join(folder, name, "tls.key"), own.key, 0o600);
      await put(join(folder, name, "tls.crt"), own.cert, 0o644);
    }
  } catch (error) {
    throw new Refusal(`--folder: ${folder} cannot be written to: ${words(error)}`, "Choose another folder", {
      cause: error,
    });
  }
  return sides.map(([name]) => join(folder, name));
}

async function put(file: string, text: string, mode: number): Promise<void> {
  const other = `${file}.new~`;
  await writeFile(other, text, { mode });
  await chmod(other, mode); // one left over from a broken run keeps the mode it had
  await rename(other, file);
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const remedy = "Name the folder that signalbox certgen wrote, or make a new set without --renew";
    throw new Refusal(`${file} cannot be read: ${words(error)}`, remedy, { cause: error });
  }
}

/** Names as they were asked for: without their kind. */
async function namesOf(file: string): Promise<readonly string[]> {
  const text = await read(file);
  try {
    const names = namesIn(new X509Certificate(text).subjectAltName ?? "");
    return names.map((name) => name.slice(name.indexOf(":") + 1));
  } catch (error) {
    throw new Refusal(`${file} is no certificate: ${words(error)}`, "Remove its folder, and give --fleet or --name", {
      cause: error,
    });
  }
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
