/** How many files and sockets this process may have open, and what that leaves for clients. */
import { readFileSync } from "node:fs";
import type { Logger } from "pino";
import { Refusal } from "../cli/refusal.ts";
import type { Limits } from "../xds/limits.ts";

/** For everything but clients of the xDS port: 30 of Node's own, 64 of the admin port (http.ts), files that are read, the API server. */
const RESERVED = 160;

/** Node itself does not start with less than 24 (24.21.0). */
const FEWEST = 64;

const REMEDY = "Raise the limit of open files: LimitNOFILE in systemd, ulimit -n in a shell";

/** The limit of this process; undefined where the system does not tell. Node raises the soft limit to the hard one when it starts. */
export function mostOpenFiles(): number | undefined {
  try {
    const told = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return told === undefined ? undefined : Number(told);
  } catch {
    return undefined; // no Linux
  }
}

/**
 * The limits with no more connections than leave descriptors for all else. Otherwise the kernel refuses whoever comes next, and that is a probe, Prometheus, a file of
 * the configuration, or the API server; libuv closes such connections without a word.
 * @throws Refusal when there are too few to run at all.
 */
export function withinOpenFiles(limits: Limits, openFiles: number | undefined, log: Pick<Logger, "warn">): Limits {
  if (openFiles === undefined) return limits;
  if (openFiles < FEWEST) throw new Refusal(`Signalbox may open only ${openFiles} files at a time`, REMEDY);
  const most = Math.max(openFiles - RESERVED, Math.floor(openFiles / 4));
  const { connections } = limits;
  if (connections > 0 && connections <= most) return limits;
  if (connections > 0)
    log.warn(
      { connections, openFiles, remedy: `${REMEDY}. Or lower xds.limits.connections` },
      `only ${openFiles} files may be open at a time: ${most} connections are taken`,
    );
  return { ...limits, connections: most };
}
