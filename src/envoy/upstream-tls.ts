/** TLS towards hosts and towards the fallback. */
import { anyOf } from "../codec/any.ts";
import type { Cluster_TransportSocketMatch, TransportSocket } from "../codec/generated/messages.ts";
import { SOCKET_MATCH_KEY } from "./assignment.ts";
import type { HostGroupSpec, UpstreamTls } from "./fleet-spec.ts";

/** The socket that speaks TLS. ALPN is not set: Envoy offers what the connection pool speaks, `h2` or `http/1.1` (measured on 1.36.2 and 1.40.0). */
export function tlsSocketOf(tls: UpstreamTls): TransportSocket {
  const { sni, caFile, clientCertificate } = tls;
  const typedConfig = anyOf("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
    ...(sni === "" ? {} : { sni }),
    commonTlsContext: {
      ...(clientCertificate === undefined
        ? {}
        : {
            tlsCertificates: [
              {
                certificateChain: { filename: clientCertificate.certFile },
                privateKey: { filename: clientCertificate.keyFile },
              },
            ],
          }),
      ...(caFile === ""
        ? {} // any certificate: asked for by name (insecureSkipVerify)
        : {
            validationContext: {
              trustedCa: { filename: caFile },
              // Without this, any certificate of that CA would do, whoever holds it.
              ...(sni === "" ? {} : { matchTypedSubjectAltNames: [{ sanType: "DNS", matcher: { exact: sni } }] }),
            },
          }),
    },
  });
  return { name: "envoy.transport_sockets.tls", typedConfig };
}

/**
 * One match per host group that serves TLS, for every cluster alike: an endpoint says by its metadata which host group it is of, so a hostname that
 * moves between groups changes its assignment only. An endpoint that says none is spoken to in plaintext.
 */
export function socketMatchesOf(groups: readonly HostGroupSpec[]): readonly Cluster_TransportSocketMatch[] {
  return groups
    .filter((group) => group.tls !== undefined)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, tls }) => ({
      name,
      match: { fields: { [SOCKET_MATCH_KEY]: { stringValue: name } } },
      transportSocket: tlsSocketOf(tls as UpstreamTls),
    }));
}
