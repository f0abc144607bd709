/** What names in the laboratory tell: processes of hosts, and objects that the operator makes of others. */

/** Where a host's process listens: `host-11` for `host-11-2`, the second at 127.0.0.11. */
export const addressOf = (host: string): string => parentOf(host);

/** The ReplicaSet of a Workload: `lab/app-7-9f86d0818` for `lab/app-7-9f86d0818-a1b2c3`. */
export const setOf = (replica: string): string => parentOf(replica);

/** The deployment of a ReplicaSet: `lab/app-7` for `lab/app-7-9f86d0818`. */
export const deploymentOf = (set: string): string => parentOf(set);

const parentOf = (name: string): string => name.slice(0, name.lastIndexOf("-"));
