/** The reference of the admin address, from its routes and from the .proto file. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Answer, type Route, routesOf } from "../../src/admin/routes.ts";
import { blockOf, originOf, tableOf } from "./markdown.ts";
import { sampleModel } from "./sample-model.ts";

/** What is asked of each path for its example. A path that is not here fails the page. */
const QUERIES: Readonly<Record<string, string>> = {
  "/": "",
  "/healthz": "",
  "/readyz": "",
  "/metrics": "",
  "/debug/status": "",
  "/debug/explain": "?hostname=shop.example.com",
  "/debug/placement": "?hostname=shop.example.com",
  "/debug/lookup": "?workload=shop/shop-a",
  "/debug/proxies": "",
  "/debug/problems": "",
};

const INTRODUCTION = `# Admin address

${originOf("src/admin/routes.ts", "proto/signalbox/admin/v1/admin.proto")}

\`admin.address\` (127.0.0.1:19100 unless the configuration says otherwise) answers probes, Prometheus and people; \`admin.grpcAddress\` speaks gRPC to programs.
Both only tell: nothing can be changed here. They ask for no password, and tell every hostname and address: keep them on loopback, or behind a network policy.

From outside a pod: \`kubectl --namespace signalbox port-forward deployment/signalbox 19100\`. Paths other than \`/healthz\`, \`/readyz\` and \`/metrics\` are answered only
when asked for by IP address or as \`localhost\`, so that no web page can read them through a name of its own.
`;

/** docs/admin.md: a section for each path, then the gRPC service. */
export async function adminPage(): Promise<string> {
  const metrics = async () => ({
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    text: "# HELP signalbox_ready 1 once proxies are served.\n# TYPE signalbox_ready gauge\nsignalbox_ready 1\n…\n",
  });
  const routes = routesOf(sampleModel(), metrics);
  const list = tableOf(
    ["path", "parameters", "tells"],
    routes.map(({ path, parameters, tells }) => [`\`${path}\``, parameters.join(", "), tells]),
  );
  const sections = await Promise.all(routes.filter(({ path }) => path !== "/").map(sectionOf));
  const parts = [
    `${INTRODUCTION}\n${list}`,
    "Examples are cut: of most lists the first entry is shown. Answers under `/debug` are the messages of the gRPC service as JSON, with times in RFC 3339.",
    ...sections,
    serviceText(),
    clientStatusText(),
  ];
  return `${parts.join("\n\n")}\n`;
}

async function sectionOf(route: Route): Promise<string> {
  const { path, tells } = route;
  const query = QUERIES[path];
  if (query === undefined) throw new Error(`QUERIES has no example for ${path}`);
  const answer = await route.answer(new URLSearchParams(query));
  const quote = query === "" ? "" : "'";
  const call = `curl ${quote}http://127.0.0.1:19100${path}${query}${quote}`;
  const title = `${tells.charAt(0).toUpperCase()}${tells.slice(1)}.`;
  return [`## ${path}`, title, blockOf("sh", call), exampleOf(answer)].join("\n\n");
}

function exampleOf({ contentType, parts }: Answer): string {
  const body = [...parts].join("");
  if (!contentType.startsWith("application/json")) return blockOf("text", body.trimEnd());
  return blockOf("json", JSON.stringify(cut(JSON.parse(body)), undefined, 2));
}

/** The value with the first entry of every list, and all steps of an explanation, which are its point. */
function cut(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(cut);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === "steps" && Array.isArray(inner) ? inner.map(cut) : cut(inner),
    ]),
  );
}

function serviceText(): string {
  const proto = readFileSync(join(import.meta.dirname, "../../proto/signalbox/admin/v1/admin.proto"), "utf8");
  const calls = [...proto.matchAll(/^ {2}\/\/ (.*)\n {2}rpc (\w+)\(/gm)].map(([, tells = "", name = ""]) => [
    `\`${name}\``,
    tells,
  ]);
  return `## The gRPC service

\`signalbox.admin.v1.AdminService\` in [proto/signalbox/admin/v1/admin.proto](../proto/signalbox/admin/v1/admin.proto), which describes every field. It listens where
\`admin.grpcAddress\` says, in plaintext, and not at all unless it is given. It has no reflection: give the .proto file to your client.

${tableOf(["call", "tells"], calls)}

${blockOf(
  "sh",
  `grpcurl -plaintext -import-path proto -proto signalbox/admin/v1/admin.proto \\
  -d '{"hostname": "shop.example.com"}' 127.0.0.1:19101 signalbox.admin.v1.AdminService/Explain`,
)}

\`INVALID_ARGUMENT\` names the field and the remedy; \`INTERNAL\` is a fault of Signalbox, told in its log. \`ListHostnames\` gives 100 hostnames a page, or
\`page_size\` up to 1000; ask again with \`page_token\` until \`next_page_token\` is empty.`;
}

const CSDS = "envoy.service.status.v3.ClientStatusDiscoveryService";

function clientStatusText(): string {
  const states = [
    ["`SYNCED`", "`ACKED`", "sent and acknowledged"],
    ["`STALE`", "`REQUESTED`", "sent, and not answered yet"],
    ["`NOT_SENT`", "`REQUESTED`", "not sent yet, or withheld until what it requires is acknowledged"],
    ["`NOT_SENT`", "`DOES_NOT_EXIST`", "asked for by name, and there is none"],
    [
      "`ERROR`",
      "`NACKED`",
      "rejected, it or a part of it: `error_state` has the client's own words and the version; it keeps what it accepted before",
    ],
  ];
  return `## Client status

The same address serves \`${CSDS}\` of Envoy's API (CSDS): every connected client and, for each resource
that it asks for, its version and what became of it. Any gRPC client reads it, with Envoy's .proto files (in a clone of this project \`npm ci\` brings them):

${blockOf(
  "sh",
  `deps=node_modules/@grpc/grpc-js-xds/deps
grpcurl -plaintext -proto envoy/service/status/v3/csds.proto \\
  -import-path $deps/envoy-api -import-path $deps/xds -import-path $deps/googleapis -import-path $deps/protoc-gen-validate \\
  -d '{"node_matchers": [{"node_id": {"prefix": "envoy-"}}], "exclude_resource_contents": true}' \\
  127.0.0.1:19101 ${CSDS}/StreamClientStatus`,
)}

${tableOf(["config_status", "client_status", "meaning"], states)}

- \`node\` is what the client said of itself: id, cluster, version and the texts in its metadata. \`client_scope\` is its fleet; a client without one is told too, with no resources.
- \`version_info\` and \`xds_config\` are the newest content; of a RouteConfiguration put together per client, what that client was sent last. \`last_updated\` is not kept.
- \`node_matchers\` by \`exact\`, \`prefix\`, \`suffix\` and \`contains\`, of the id and of texts in the metadata. Others are refused with \`INVALID_ARGUMENT\`, not passed over.
- \`StreamClientStatus\` answers a request in messages of about 1 MiB, as fast as the client reads; a client's resources may go on in the next message under the same node, and a resource
  that is larger comes whole. It ends when the client has sent its last request and has all answers. \`FetchClientStatus\` answers in one message of at most 4 MiB, which is what gRPC
  clients take by default; where that is not enough it fails with \`RESOURCE_EXHAUSTED\` and says what to do. Each resource is told as it is when it is looked up.
- With contents, what is packed within them is shown as bytes where the tool has no .proto file for it: name those files by further \`-proto\`.`;
}
