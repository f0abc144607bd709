/** Certificates for tests, made by what `signalbox certgen` makes them with. */
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { TlsFiles } from "../../src/tls/credentials.ts";
import { type Issued, issueAuthority, issueCertificate } from "../../src/tls/issue.ts";

export const HOUR = 3_600_000;

/** What a certificate differs in from one that is valid for an hour on each side of now. */
export interface Odd {
  readonly use?: "server" | "client";
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** An authority, and what it signs. */
export class Authority {
  readonly issued: Issued;

  constructor(name = "test authority", { fromMs = -HOUR, toMs = HOUR }: Odd = {}) {
    this.issued = issueAuthority({ name, ...bounds(fromMs, toMs) });
  }

  get cert(): string {
    return this.issued.cert;
  }

  server(sans: readonly string[] = ["localhost", "127.0.0.1"], odd: Odd = {}): Issued {
    return this.#sign("server", sans, odd);
  }

  client(sans: readonly string[], odd: Odd = {}): Issued {
    return this.#sign("client", sans, odd);
  }

  #sign(
    usual: Odd["use"] & string,
    sans: readonly string[],
    { use = usual, fromMs = -HOUR, toMs = HOUR }: Odd,
  ): Issued {
    return issueCertificate({ name: sans[0] ?? "nobody", use, sans, ...bounds(fromMs, toMs) }, this.issued);
  }
}

const bounds = (fromMs: number, toMs: number) => ({ notBeforeMs: Date.now() + fromMs, notAfterMs: Date.now() + toMs });

/** A folder with tls.crt, tls.key and ca.crt. Removed with the test. */
export interface CertificateFolder extends TlsFiles {
  readonly folder: string;
  /** Replaces what is given, file by file, each by renaming. */
  put(files: { readonly cert?: string; readonly key?: string; readonly ca?: string }): Promise<void>;
}

export async function certificateFolder(
  t: TestContext,
  first: { readonly cert?: string; readonly key?: string; readonly ca?: string } = {},
): Promise<CertificateFolder> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-tls-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const paths = { cert: join(folder, "tls.crt"), key: join(folder, "tls.key"), ca: join(folder, "ca.crt") };
  const put: CertificateFolder["put"] = async (files) => {
    for (const kind of ["cert", "key", "ca"] as const) {
      const text = files[kind];
      if (text === undefined) continue;
      await writeFile(`${paths[kind]}.new~`, text);
      await rename(`${paths[kind]}.new~`, paths[kind]);
    }
  };
  await put(first);
  return { folder, certFile: paths.cert, keyFile: paths.key, caFile: paths.ca, put };
}
