/** What one request shows of us: TLS material and headers of its moment, so that rotated tokens and certificates need no restart. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { ExecAuth } from "@kubernetes/client-node/dist/exec_auth.js";
import { FileAuth } from "@kubernetes/client-node/dist/file_auth.js";
import { ApiError } from "./failure.ts";
import type { Access, Plugin } from "./kubeconfig.ts";

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

/** Who asks: at most one way of telling it. */
interface Identity {
  readonly authorization?: string;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/**
 * Gives the credential of one Access.
 * - Certificates in files are read for every request; a token's file anew after 60 s, as client-go does.
 * - What a plugin gave is shown until it expires. Requests that need it at the same time share one run.
 * - After a 401 both are asked at once.
 */
export class CredentialReader {
  readonly #access: Access;
  readonly #pluginMs: number;
  #file = new FileAuth();
  #plugin: ExecAuth;
  /** The plugin's run under way. */
  #asking: Promise<Identity> | undefined;

  /** `pluginMs`: how long a plugin may take. It may have to ask a cloud; it may not ask a person. */
  constructor(access: Access, pluginMs = 60_000) {
    this.#access = access;
    this.#pluginMs = pluginMs;
    this.#plugin = pluginRunner(pluginMs);
  }

  /** The API server did not accept the last one (401): forget what is remembered of it. */
  refused(): void {
    this.#file = new FileAuth();
    this.#plugin = pluginRunner(this.#pluginMs);
  }

  /** Throws an ApiError of code `credentials` that names the file or plugin at fault. */
  async read(): Promise<Credential> {
    const { cluster, user, origin } = this.#access;
    const { authorization, ...issued } = await this.#identity();
    const ca = await materialOf(cluster.caData, cluster.caFile, origin);
    const cert = issued.cert ?? (await materialOf(user.certData, user.certFile, origin));
    const key = issued.key ?? (await materialOf(user.keyData, user.keyFile, origin));
    return {
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(user.impersonateUser ? { "impersonate-user": user.impersonateUser } : {}),
      },
      tls: {
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ...(cluster.tlsServerName ? { servername: cluster.tlsServerName } : {}),
        rejectUnauthorized: !cluster.skipTLSVerify,
      },
    };
  }

  async #identity(): Promise<Identity> {
    const { user } = this.#access;
    if (user.exec) {
      this.#asking ??= this.#fromPlugin(user.exec as Plugin).finally(() => {
        this.#asking = undefined;
      });
      return await this.#asking;
    }
    if (user.authProvider) return await this.#fromFile(String(user.authProvider.config.tokenFile));
    if (user.token) return { authorization: `Bearer ${user.token.trim()}` };
    if (!user.username) return {};
    return { authorization: `Basic ${Buffer.from(`${user.username}:${user.password ?? ""}`).toString("base64")}` };
  }

  async #fromFile(path: string): Promise<Identity> {
    const { user, origin } = this.#access;
    const options = { headers: { Authorization: "" } };
    try {
      await this.#file.applyAuthentication(user, options);
    } catch (error) {
      throw unreadable(path, origin, `cannot be read: ${(error as Error).message}`);
    }
    const authorization = options.headers.Authorization.trim(); // a file ends with a line feed, a header must not
    if (authorization !== "" && authorization !== "Bearer") return { authorization };
    this.#file = new FileAuth(); // caught while it was being written: look again the next time, not in 60 s
    throw unreadable(path, origin, "is empty");
  }

  async #fromPlugin(plugin: Plugin): Promise<Identity> {
    const options: RequestOptions & { headers: { Authorization?: string } } = { headers: {} };
    try {
      await this.#plugin.applyAuthentication(this.#access.user, options);
    } catch (error) {
      this.#plugin = pluginRunner(this.#pluginMs); // it remembers what it could not read, too
      throw pluginFailure(plugin, wordsOf(error as Error));
    }
    const { Authorization: authorization } = options.headers;
    if (authorization !== undefined) return { authorization };
    const { cert, key } = options;
    if (typeof cert === "string" && typeof key === "string") return { cert: Buffer.from(cert), key: Buffer.from(key) };
    this.#plugin = pluginRunner(this.#pluginMs);
    throw pluginFailure(plugin, NO_CREDENTIAL);
  }
}

/**
 * client-node runs plugins without a bound and with an open standard input, so that one which asks for a password waits for ever. `execFn` is
 * how its own tests reach in; private, so the test "a plugin that asks a person is told that there is none" tells when it moves.
 */
function pluginRunner(pluginMs: number): ExecAuth {
  const runner = new ExecAuth();
  // Not the option `timeout`: its timer outlives a program that cannot be started, and holds up the end of the process.
  const run = (command: string, args: readonly string[], options: object) =>
    spawn(command, args, { ...options, signal: AbortSignal.timeout(pluginMs), stdio: ["ignore", "pipe", "pipe"] });
  Reflect.set(runner, "execFn", run);
  return runner;
}

const NO_CREDENTIAL = "its output has neither status.token nor a client certificate with key";

/** Of a plugin that exits badly ExecAuth gives the standard error; of an answer that is no ExecCredential, what JavaScript says. */
function wordsOf(error: Error): string {
  if (error instanceof SyntaxError || error instanceof TypeError) return NO_CREDENTIAL;
  if (error.name === "AbortError") return "it did not end in time";
  const words = error.message.trim().slice(0, 500);
  return words === "" ? "it ended without a word" : words;
}

function pluginFailure({ command, installHint }: Plugin, words: string): ApiError {
  const cause = `the credential plugin ${command} failed: ${words}`;
  return new ApiError({ code: "credentials", cause, remedy: installHint });
}

/** Bytes in base64 win over the file, as in kubectl. */
async function materialOf(inline: string | undefined, path: string | undefined, origin: string) {
  if (inline) return Buffer.from(inline, "base64");
  if (!path) return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    throw unreadable(path, origin, `cannot be read: ${(error as Error).message}`);
  }
}

function unreadable(path: string, origin: string, words: string): ApiError {
  const cause = `${path}, which ${origin} names, ${words}`;
  return new ApiError({ code: "credentials", cause, remedy: "Put the file there and let Signalbox read it" });
}
