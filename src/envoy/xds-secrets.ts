/** Certificates of Envoy's side of the xDS connection that it follows while it runs: Envoy does so only with what it is given as secrets. */
import { anyOf } from "../codec/any.ts";
import type { SdsSecretConfig, Secret, TransportSocket } from "../codec/generated/messages.ts";
import { type JsonValue, toJson } from "../codec/json.ts";

/** Files on the Envoy's machine. */
export interface FollowedFiles {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Name in Signalbox's certificate. */
  readonly serverName: string;
}

const CERTIFICATE = "xds-certificate";
const AUTHORITY = "xds-ca";

/** TLS with a certificate and an authority that are described in two files of `folder`. */
export function followedSocketOf(serverName: string, folder: string): TransportSocket {
  const typedConfig = anyOf("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
    sni: serverName,
    commonTlsContext: {
      tlsCertificateSdsSecretConfigs: [secretIn(folder, CERTIFICATE)],
      validationContextSdsSecretConfig: secretIn(folder, AUTHORITY),
    },
  });
  return { name: "envoy.transport_sockets.tls", typedConfig };
}

const secretIn = (folder: string, name: string): SdsSecretConfig => ({
  name,
  sdsConfig: { pathConfigSource: { path: `${folder}/${name}.yaml` }, resourceApiVersion: "V3" },
});

/**
 * The two files, by name. They say where certificates are, and which folders to watch: without that Envoy would miss the swap of a link further up,
 * by which the kubelet renews a Secret.
 */
export function xdsSecretsOf({ caFile, certFile, keyFile, serverName }: FollowedFiles): ReadonlyMap<string, JsonValue> {
  const tlsCertificate = {
    certificateChain: { filename: certFile },
    privateKey: { filename: keyFile },
    watchedDirectory: { path: folderOf(certFile) },
  };
  const validationContext = {
    trustedCa: { filename: caFile },
    watchedDirectory: { path: folderOf(caFile) },
    matchTypedSubjectAltNames: [{ sanType: "DNS" as const, matcher: { exact: serverName } }],
  };
  return new Map([
    [`${CERTIFICATE}.yaml`, fileOf({ name: CERTIFICATE, tlsCertificate })],
    [`${AUTHORITY}.yaml`, fileOf({ name: AUTHORITY, validationContext })],
  ]);
}

const fileOf = (secret: Secret): JsonValue =>
  toJson("envoy.service.discovery.v3.DiscoveryResponse", {
    resources: [anyOf("envoy.extensions.transport_sockets.tls.v3.Secret", secret)],
  });

/** Of a path on the Envoy's machine, which may be another system's than ours. */
const folderOf = (file: string): string => file.slice(0, file.lastIndexOf("/")) || (file.startsWith("/") ? "/" : ".");
