/** An Envoy as Contour's manifests start it: the bootstrap that `contour bootstrap` 1.33.8 writes, but for the address of its control plane and the folder of its admin socket. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import written from "./contour-bootstrap.json" with { type: "json" };
import { type EnvoyProcess, startEnvoy } from "./envoy-process.ts";

export interface ContourEnvoyOptions {
  readonly test: TestContext;
  readonly xdsPort: number;
  readonly version: string;
  /** Name of the pod. Its namespace, projectcontour, is the node's cluster. */
  readonly pod: string;
  /** The folder with tls.crt, tls.key and ca.crt that `contour bootstrap` is told of; none: plaintext. */
  readonly certificates?: string;
}

/** Started; ready or not. Ended with the test. */
export async function startContourEnvoy(options: ContourEnvoyOptions): Promise<EnvoyProcess> {
  const { test, xdsPort, version, pod, certificates } = options;
  const folder = await mkdtemp(join(tmpdir(), "contour-admin-"));
  test.after(() => rm(folder, { recursive: true, force: true }));
  const bootstrap = JSON.parse(
    JSON.stringify(written)
      .replaceAll("/run/admin/admin.sock", join(folder, "admin.sock"))
      .replaceAll('"port_value":8001', `"port_value":${xdsPort}`),
  );
  if (certificates !== undefined)
    bootstrap.static_resources.clusters[0].transport_socket = await tlsTowardsContour(folder, certificates);
  const args = ["--service-cluster", "projectcontour", "--service-node", pod];
  return await startEnvoy({ bootstrap, test, version, args });
}

/** What `contour bootstrap` adds when it is given certificates and `--resources-dir`: they come from files that Envoy follows, and the server must be called `contour`. */
async function tlsTowardsContour(folder: string, certificates: string): Promise<object> {
  const file = (name: string) => ({ filename: join(certificates, name) });
  const secrets = {
    contour_xds_tls_certificate: {
      tls_certificate: { certificate_chain: file("tls.crt"), private_key: file("tls.key") },
    },
    contour_xds_tls_validation_context: {
      validation_context: {
        trusted_ca: file("ca.crt"),
        match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: "contour" } }],
      },
    },
  };
  for (const [name, secret] of Object.entries(secrets)) {
    const type = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
    await writeFile(join(folder, `${name}.json`), JSON.stringify({ resources: [{ "@type": type, name, ...secret }] }));
  }
  const from = (name: keyof typeof secrets) => ({
    name,
    sds_config: { path_config_source: { path: join(folder, `${name}.json`) }, resource_api_version: "V3" },
  });
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: "TLSv1_2", tls_maximum_protocol_version: "TLSv1_3" },
        tls_certificate_sds_secret_configs: [from("contour_xds_tls_certificate")],
        validation_context_sds_secret_config: from("contour_xds_tls_validation_context"),
      },
    },
  };
}
