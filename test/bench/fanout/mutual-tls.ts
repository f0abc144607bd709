/** Certificates for a crowd and its server, made as `signalbox certgen` makes them. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { XdsTlsSettings } from "../../../src/config/settings.ts";
import { certificatesBy, newAuthority, usualSan } from "../../../src/tls/certificate-set.ts";

/** What every client of the crowd shows, and how it verifies the server; PEM. */
export interface ClientTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The name that the server's certificate must have. */
  readonly servername: string;
}

/** Both sides of the connections: the server's in files, the clients' at hand. */
export interface MutualTls {
  readonly server: Pick<XdsTlsSettings, "certFile" | "keyFile" | "caFile">;
  readonly client: ClientTls;
}

const FLEET = "bench";
const SERVER_NAME = "localhost";
const DAY_MS = 86_400_000;

/** Makes them, and writes the server's files into a folder. Valid for a day. */
export async function makeMutualTls(folder: string): Promise<MutualTls> {
  const bounds = { nowMs: Date.now(), validMs: DAY_MS };
  const { authority, server, fleets } = certificatesBy(newAuthority(bounds), {
    serverNames: [SERVER_NAME],
    fleets: new Map([[FLEET, [usualSan(FLEET)]]]),
    ...bounds,
  });
  const client = fleets.get(FLEET);
  if (client === undefined) throw new Error(`no certificate was made for fleet ${FLEET}`);
  const files = {
    certFile: join(folder, "tls.crt"),
    keyFile: join(folder, "tls.key"),
    caFile: join(folder, "ca.crt"),
  };
  await writeFile(files.certFile, server.cert);
  await writeFile(files.keyFile, server.key, { mode: 0o600 });
  await writeFile(files.caFile, authority.cert);
  return { server: files, client: { ca: authority.cert, ...client, servername: SERVER_NAME } };
}
