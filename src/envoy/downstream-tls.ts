/** TLS towards clients, with a certificate from files on Envoy's machine. */
import { anyOf } from "../codec/any.ts";
import type { Secret, TransportSocket } from "../codec/generated/messages.ts";
import { configSourceOf } from "./config-source.ts";
import type { ListenerTls, Variant } from "./fleet-spec.ts";

/** Name of a listener's certificate. */
export const certificateName = (listener: string): string => `signalbox_certificate/${listener}`;

/**
 * The files of a certificate, as a resource of its own: only what comes over SDS is read again when it is renewed. Envoy follows the folder, in which the
 * kubelet swaps a link when a mounted Secret changes.
 */
export function certificateOf(listener: string, { certFile, keyFile }: ListenerTls): Secret {
  return {
    name: certificateName(listener),
    tlsCertificate: {
      certificateChain: { filename: certFile },
      privateKey: { filename: keyFile },
      watchedDirectory: { path: certFile.slice(0, certFile.lastIndexOf("/")) || "/" },
    },
  };
}

/**
 * The socket of a listener: HTTP/2 or HTTP/1.1 by ALPN, TLS 1.2 or later. Envoy waits for the resource, however long. It refuses one whose files are
 * missing, is ready then, and ends each connection to this listener until the files turn up in their folder (measured on 1.40.0).
 */
export function downstreamTlsOf(listener: string, { source }: Pick<Variant, "source">): TransportSocket {
  return {
    name: "envoy.transport_sockets.tls",
    typedConfig: anyOf("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", {
      commonTlsContext: {
        alpnProtocols: ["h2", "http/1.1"],
        tlsParams: { tlsMinimumProtocolVersion: "TLSv1_2" },
        tlsCertificateSdsSecretConfigs: [{ name: certificateName(listener), sdsConfig: configSourceOf(source, 0) }],
      },
    }),
  };
}
