/** Credentials from files, read anew whenever these change. */
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type FolderWatch, watchFolder } from "../files/watch-folder.ts";
import { type Credentials, type CredentialsFault, credentialsOf, faultOf, type TlsFiles } from "./credentials.ts";
import { afterLook, type Expiry, expiryOf, type Look, type ReloadState, startState } from "./reload.ts";

/** Told at once; must be quick and must not throw. */
export interface CredentialsObserver {
  /** Others are in use from now on. */
  renewed(credentials: Credentials): void;
  /** The files are no credentials and have been so for a second: what is held goes on being used. Told once for each fault. */
  kept(fault: CredentialsFault, held: Credentials): void;
  /** The files are what is held again. */
  recovered(): void;
  /** The certificate in use comes near its end. */
  expires(held: Credentials, expiry: Exclude<Expiry, "far">): void;
}

/** What the watch needs beside the files. */
export interface WatchParts {
  readonly observer: CredentialsObserver;
  /** ms since the epoch: certificates tell time by the calendar. */
  readonly now: () => number;
}

/**
 * Credentials that stay usable whatever becomes of the files.
 * - `context` is never undefined and always one that OpenSSL has taken.
 * - A change of files is seen by their folders' events, or within two seconds; files that are no credentials change nothing.
 */
export class CredentialsWatch {
  readonly #files: TlsFiles;
  readonly #parts: WatchParts;
  readonly #listeners = new Set<(context: Credentials["context"]) => void>();
  readonly #folders: readonly FolderWatch[];
  #state: ReloadState;
  #looking: Promise<void> = Promise.resolve();

  private constructor(files: TlsFiles, state: ReloadState, parts: WatchParts) {
    this.#files = files;
    this.#parts = parts;
    this.#state = state;
    const folders = new Set([files.certFile, files.keyFile, files.caFile].map((file) => dirname(file)));
    this.#folders = [...folders].map((folder) => watchFolder(folder, () => this.#look()));
    for (const folder of this.#folders) folder.lookAfter(0);
  }

  /** Reads the files and follows them; or what is wrong with them. */
  static async open(files: TlsFiles, parts: WatchParts): Promise<CredentialsWatch | CredentialsFault> {
    const { fingerprint, found } = await lookAt(files, parts.now());
    return "cause" in found ? found : new CredentialsWatch(files, startState(found, fingerprint), parts);
  }

  get held(): Credentials {
    return this.#state.held;
  }

  get context(): Credentials["context"] {
    return this.#state.held.context;
  }

  /** Calls `listener` with every context from the next one on; gives the way to end that. */
  onChange(listener: (context: Credentials["context"]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    await Promise.all(this.#folders.map((folder) => folder.close()));
  }

  /** Folders look independently of one another; two looks at once could end in the order in which they did not begin. */
  #look(): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      const look = await lookAt(this.#files, this.#parts.now(), this.#state);
      this.#take(look);
    });
    return this.#looking;
  }

  #take(look: Look): void {
    const { observer, now } = this.#parts;
    // How long a fault has been there is counted by a clock that nobody sets, or one set back by an hour would keep it untold as long.
    const [state, step] = afterLook(this.#state, look, performance.now());
    this.#state = state;
    if (step.kind === "look-again") for (const folder of this.#folders) folder.lookAfter(step.afterMs);
    else if (step.kind === "tell") observer.kept(step.fault, state.held);
    else if (step.kind === "recovered") observer.recovered();
    else if (step.kind === "use") {
      for (const listener of this.#listeners) listener(step.credentials.context);
      observer.renewed(step.credentials);
    }
    const expiry = expiryOf(state.held, now());
    if (expiry === state.expiry) return;
    this.#state = { ...state, expiry };
    if (expiry !== "far") observer.expires(state.held, expiry);
  }
}

/** `known`: what was found of files whose texts were these; it is not looked for again. */
async function lookAt(
  files: TlsFiles,
  nowMs: number,
  known?: Pick<ReloadState, "held" | "fingerprint">,
): Promise<Look> {
  const texts = { certFile: "", keyFile: "", caFile: "" };
  for (const file of ["certFile", "keyFile", "caFile"] as const)
    try {
      texts[file] = await readFile(files[file], "utf8");
    } catch (error) {
      const wrong = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      const found = faultOf(files, file, "unreadable", { wrong, remedy: REMEDIES[codeOf(error)] ?? OTHERWISE });
      return { fingerprint: "", found };
    }
  const fingerprint = [texts.certFile, texts.keyFile, texts.caFile].join("\0");
  return { fingerprint, found: fingerprint === known?.fingerprint ? known.held : credentialsOf(texts, files, nowMs) };
}

const OTHERWISE = "Correct the path, or put the file there: signalbox certgen makes all that is needed";
const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: "Let the user that Signalbox runs as read it",
  EISDIR: "Name the file in that folder",
};

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
