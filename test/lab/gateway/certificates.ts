/** Certificates of both sides of the xDS connection, as `signalbox certgen` makes them, and as somebody renews them while they are in use. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { writeSet } from "../../../src/cli/certificate-folder.ts";
import type { BootstrapTls } from "../../../src/envoy/bootstrap.ts";
import { xdsSecretsOf } from "../../../src/envoy/xds-secrets.ts";
import { type CertificateSet, certificatesBy, newAuthority, usualSan } from "../../../src/tls/certificate-set.ts";
import type { Issued } from "../../../src/tls/issue.ts";

const FLEET = "edge";
const VALID_MS = 86_400_000;

export class Certificates {
  readonly #folder: string;
  readonly #serverName: string;
  #authority: Issued;
  #set: CertificateSet;

  private constructor(folder: string, serverName: string) {
    this.#folder = folder;
    this.#serverName = serverName;
    this.#authority = newAuthority({ nowMs: Date.now(), validMs: VALID_MS });
    this.#set = this.#signed();
  }

  /** `serverName` is what Envoys know Signalbox by. */
  static async make(serverName: string): Promise<Certificates> {
    const folder = await mkdtemp(join(tmpdir(), "signalbox-lab-certificates-"));
    const certificates = new Certificates(folder, serverName);
    await certificates.#write([]);
    const { ofEnvoys } = certificates;
    for (const [name, content] of xdsSecretsOf(ofEnvoys))
      await writeFile(join(ofEnvoys.secretsFolder, name), stringify(content));
    return certificates;
  }

  /** Folder with tls.crt, tls.key and ca.crt. */
  get ofSignalbox(): string {
    return join(this.#folder, "server");
  }

  /** For bootstraps. */
  get ofEnvoys(): BootstrapTls & { readonly secretsFolder: string } {
    const folder = join(this.#folder, `fleet-${FLEET}`);
    const [caFile, certFile, keyFile] = ["ca.crt", "tls.crt", "tls.key"].map((name) => join(folder, name));
    if (caFile === undefined || certFile === undefined || keyFile === undefined) throw new Error("unreachable");
    return { caFile, certFile, keyFile, serverName: this.#serverName, secretsFolder: folder };
  }

  /**
   * Another authority, and all certificates by it, in the three steps of docs/xds-tls.md: both authorities on all sides, new certificates, the new authority alone.
   * `waited` is asked for after each: everybody has the files by then.
   */
  async rotate(waited: (step: string) => Promise<void>): Promise<void> {
    const old = this.#authority;
    this.#authority = newAuthority({ nowMs: Date.now(), validMs: VALID_MS });
    await this.#write([old]);
    await waited("both authorities are trusted");
    this.#set = this.#signed();
    await this.#write([old]);
    await waited("certificates are by the new authority");
    await this.#write([]);
    await waited("the new authority alone is trusted");
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #signed(): CertificateSet {
    const fleets = new Map([[FLEET, [usualSan(FLEET)]]]);
    const wish = { serverNames: [this.#serverName], fleets, nowMs: Date.now(), validMs: VALID_MS };
    return certificatesBy(this.#authority, wish);
  }

  /** What is current, with these authorities beside the own one. */
  async #write(others: readonly Issued[]): Promise<void> {
    const cert = [...others, this.#authority].map((authority) => authority.cert).join("");
    await writeSet(this.#folder, { ...this.#set, authority: { ...this.#authority, cert } });
  }
}
