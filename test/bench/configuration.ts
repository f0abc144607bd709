/** The configuration that Signalbox and the floor both read. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";

export interface Wanted {
  readonly source: { readonly folder: string } | { readonly kubernetes: { readonly kubeconfig: string } };
  /** Port of the Envoys' one listener. */
  readonly listenerPort: number;
  readonly layout: "auto" | "rds" | "scoped";
  /** Certificates of the xDS port; left out: plaintext. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string; readonly caFile: string } | undefined;
}

/** Writes signalbox.yaml into a folder; gives its path. Defaults all over, but for ports, loopback hosts and the access log, which would go through a pipe of ours. */
export async function writeConfiguration(folder: string, wanted: Wanted): Promise<string> {
  const { source, listenerPort, layout, tls } = wanted;
  const file = join(folder, "signalbox.yaml");
  const configuration = {
    source,
    xds: { address: "127.0.0.1:0", ...(tls === undefined ? {} : { tls }) },
    admin: { address: "127.0.0.1:0" },
    hosts: { allowedNetworks: ["127.0.0.0/8"] },
    fleets: [
      {
        name: "bench",
        listeners: [{ name: "http", address: "127.0.0.1", port: listenerPort }],
        layout,
        accessLog: false,
      },
    ],
  };
  await writeFile(file, stringify(configuration));
  return file;
}
