/** What one request shows of us: TLS material and headers, read anew each time, so that rotated tokens and certificates need no restart. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { ApiError } from "./failure.ts";
import type { Access, ExecPlugin, Material } from "./kubeconfig.ts";

/** Ready for node:https. Equal material has equal bytes, so connections can be kept while it stays. */
export interface Credential {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: {
    readonly ca?: Buffer;
    readonly cert?: Buffer;
    readonly key?: Buffer;
    readonly servername?: string;
    readonly rejectUnauthorized: boolean;
  };
}

/** How long a plugin may take, in ms. It may have to ask a cloud; it may not ask a person. */
const PLUGIN_MS = 60_000;

/** Gives the credential of one Access. Only what a plugin gave is remembered, until it expires or is refused. */
export class CredentialReader {
  readonly #access: Access;
  readonly #now: () => number;
  #issued: Issued | undefined;

  /** `now`: the wall clock in ms since the epoch, since plugins tell expiry as a date. */
  constructor(access: Access, now: () => number) {
    this.#access = access;
    this.#now = now;
  }

  /** The API server did not accept the last one (401): ask the plugin again. Files are read for every request anyway. */
  refused(): void {
    this.#issued = undefined;
  }

  /** Throws an ApiError of code `credentials` that names the file or plugin at fault. */
  async read(): Promise<Credential> {
    const access = this.#access;
    const issued = access.exec === undefined ? undefined : await this.#fromPlugin(access.exec);
    const ca = await bytesOf(access.ca, access.origin);
    const cert = issued?.cert ?? (await bytesOf(access.clientCertificate?.cert, access.origin));
    const key = issued?.key ?? (await bytesOf(access.clientCertificate?.key, access.origin));
    const token = issued?.token ?? (await bytesOf(access.token, access.origin))?.toString("utf8").trim();
    const headers: Record<string, string> = {};
    if (token !== undefined && token !== "") headers["authorization"] = `Bearer ${token}`;
    else if (access.basic !== undefined)
      headers["authorization"] = `Basic ${Buffer.from(access.basic).toString("base64")}`;
    if (access.impersonate !== undefined) headers["impersonate-user"] = access.impersonate;
    return {
      headers,
      tls: {
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ...(access.serverName === undefined ? {} : { servername: access.serverName }),
        rejectUnauthorized: !access.insecure,
      },
    };
  }

  async #fromPlugin(plugin: ExecPlugin): Promise<Issued> {
    if (this.#issued !== undefined && this.#issued.expiresAt > this.#now()) return this.#issued;
    this.#issued = issuedBy(plugin, await outputOf(plugin));
    return this.#issued;
  }
}

interface Issued {
  readonly token: string | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
  /** In ms since the epoch; Infinity if the plugin names no date. */
  readonly expiresAt: number;
}

async function bytesOf(material: Material | undefined, origin: string): Promise<Buffer | undefined> {
  if (material === undefined) return undefined;
  if ("bytes" in material) return material.bytes;
  try {
    return await readFile(material.file);
  } catch (error) {
    throw new ApiError({
      code: "credentials",
      cause: `${material.file}, which ${origin} names, cannot be read: ${(error as Error).message}`,
      remedy: "Put the file there and let Signalbox read it",
    });
  }
}

function outputOf(plugin: ExecPlugin): Promise<string> {
  const info = JSON.stringify({ apiVersion: plugin.apiVersion, kind: "ExecCredential", spec: { interactive: false } });
  const env = { ...process.env, ...plugin.env, KUBERNETES_EXEC_INFO: info };
  return new Promise((resolve, reject) => {
    execFile(plugin.command, [...plugin.args], { env, timeout: PLUGIN_MS }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else {
        const words = stderr.trim() === "" ? error.message : stderr.trim().slice(0, 500);
        const hint = plugin.installHint === "" ? "Run it by hand to see why" : plugin.installHint;
        reject(pluginFailure(plugin, words, hint));
      }
    });
  });
}

function pluginFailure(plugin: ExecPlugin, words: string, remedy: string): ApiError {
  return new ApiError({
    code: "credentials",
    cause: `the credential plugin ${plugin.command} failed: ${words}`,
    remedy,
  });
}

/** Reads an ExecCredential (Kubernetes documentation, "client-go credential plugins"). */
function issuedBy(plugin: ExecPlugin, output: string): Issued {
  let status: Readonly<Record<string, unknown>> = {};
  try {
    status = (JSON.parse(output) as { status?: Record<string, unknown> }).status ?? {};
  } catch {
    // Reported below: what is no JSON carries neither token nor certificate.
  }
  const text = (name: string) => (typeof status[name] === "string" ? status[name] : undefined);
  const [token, cert, key] = [text("token"), text("clientCertificateData"), text("clientKeyData")];
  if (token === undefined && (cert === undefined || key === undefined))
    throw pluginFailure(
      plugin,
      "its output has neither status.token nor a client certificate with key",
      "Run it by hand to see why",
    );
  const expires = Date.parse(text("expirationTimestamp") ?? "");
  return {
    token,
    cert: cert === undefined ? undefined : Buffer.from(cert),
    key: key === undefined ? undefined : Buffer.from(key),
    expiresAt: Number.isNaN(expires) ? Number.POSITIVE_INFINITY : expires,
  };
}
