/** Which process holds the other end of a loopback connection: several Envoys of one fleet listen on one port, and the kernel chooses. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The one of `pids` that accepted a connection on `port` from `clientPort`; undefined if none has (yet). Linux only. */
export function acceptedBy(port: number, clientPort: number, pids: readonly number[]): number | undefined {
  const inode = inodeOf(port, clientPort);
  if (inode === undefined) return undefined;
  return pids.find((pid) => {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      try {
        if (readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`) return true;
      } catch {
        // closed since it was listed
      }
    }
    return false;
  });
}

/** /proc/net/tcp: `sl local_address rem_address st …`, addresses as hexadecimal ip:port, the inode in the tenth column. */
function inodeOf(port: number, clientPort: number): string | undefined {
  const ends = [port, clientPort].map((one) => one.toString(16).toUpperCase().padStart(4, "0"));
  for (const line of readFileSync("/proc/net/tcp", "latin1").split("\n").slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (columns[1]?.slice(-4) === ends[0] && columns[2]?.slice(-4) === ends[1]) return columns[9];
  }
  return undefined;
}
