/** The port that Envoys connect to: mutual TLS with certificates that are followed, or plaintext where that was asked for. */
import { Refusal } from "../cli/refusal.ts";
import { onLoopback } from "../config/checks.ts";
import type { Settings, XdsTlsSettings } from "../config/settings.ts";
import { addressText } from "../sources/address.ts";
import { CredentialsWatch } from "../tls/credentials-watch.ts";
import type { XdsServer } from "../xds/server.ts";
import type { TlsStory } from "./tls-story.ts";

/** A port that is listened on. */
export interface XdsPort {
  readonly port: number;
  /** Follows certificates no longer. The port itself is the server's. */
  close(): Promise<void>;
}

/**
 * Reads and checks certificates, then listens.
 * @throws Refusal when they do not work, when the port cannot be had, or when it is off loopback in plaintext without being asked for.
 */
export async function openXdsPort(
  server: XdsServer,
  { address, tls, plaintextOffLoopback }: Settings["xds"],
  story: TlsStory,
): Promise<XdsPort> {
  const text = addressText(address);
  if (tls === undefined) {
    if (!onLoopback(address) && !plaintextOffLoopback)
      throw new Refusal(
        `xds.address: ${text} is not a loopback address, and the xDS port speaks plaintext`,
        "Set xds.tls (signalbox certgen makes the files), or listen on 127.0.0.1; or set xds.plaintextOffLoopback: true if the network in between is closed to others",
      );
    const bound = await server.listen(text);
    if ("cause" in bound) throw new Refusal(`xds.address: ${bound.cause}`, bound.remedy);
    return { port: bound.port, close: async () => undefined };
  }
  const credentials = await openCredentials(tls, story);
  const bound = await server.listenTls(text, { credentials, maxAgeMs: tls.maxConnectionAgeMs });
  if (!("cause" in bound)) return { port: bound.port, close: () => credentials.close() };
  await credentials.close();
  throw new Refusal(`xds.address: ${bound.cause}`, bound.remedy);
}

async function openCredentials(tls: XdsTlsSettings, story: TlsStory): Promise<CredentialsWatch> {
  const opened = await CredentialsWatch.open(tls, { observer: story, now: Date.now });
  if ("cause" in opened) throw new Refusal(`xds.tls.${opened.file}: ${opened.cause}`, opened.remedy);
  story.loaded(opened.held);
  return opened;
}
