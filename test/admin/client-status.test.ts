/** Which clients are asked about, and what is told of each resource. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { resourceConfig } from "../../src/admin/client-status.ts";
import { nodeFits } from "../../src/admin/node-matcher.ts";
import type { NodeMatcher } from "../../src/codec/generated/messages.ts";
import type { Rejection, ResourceStatus } from "../../src/xds/observer.ts";

const node = (id: string, metadata: Readonly<Record<string, string>> = {}) => ({
  ...{ id, cluster: "", metadata: new Map(Object.entries(metadata)), userAgentName: "", userAgentVersion: "" },
});
const NODES = [node("edge-1"), node("edge-2", { fleet: "public" }), node("Core-1", { fleet: "private" })];

const rows: readonly (readonly [what: string, matchers: readonly NodeMatcher[], fitting: readonly string[]])[] = [
  ["none: all", [], ["edge-1", "edge-2", "Core-1"]],
  ["an empty one: all", [{}], ["edge-1", "edge-2", "Core-1"]],
  ["exact", [{ nodeId: { exact: "edge-1" } }], ["edge-1"]],
  ["exact is not a prefix", [{ nodeId: { exact: "edge" } }], []],
  ["prefix", [{ nodeId: { prefix: "edge" } }], ["edge-1", "edge-2"]],
  ["suffix", [{ nodeId: { suffix: "-1" } }], ["edge-1", "Core-1"]],
  ["contains", [{ nodeId: { contains: "dge" } }], ["edge-1", "edge-2"]],
  ["case", [{ nodeId: { prefix: "core" } }], []],
  ["case, ignored", [{ nodeId: { prefix: "core", ignoreCase: true } }], ["Core-1"]],
  ["several: any", [{ nodeId: { exact: "edge-1" } }, { nodeId: { exact: "Core-1" } }], ["edge-1", "Core-1"]],
  [
    "metadata",
    [{ nodeMetadatas: [{ path: [{ key: "fleet" }], value: { stringMatch: { exact: "public" } } }] }],
    ["edge-2"],
  ],
  [
    "id and metadata: both",
    [
      {
        nodeId: { prefix: "edge" },
        nodeMetadatas: [{ path: [{ key: "fleet" }], value: { stringMatch: { prefix: "p" } } }],
      },
    ],
    ["edge-2"],
  ],
];
for (const [what, matchers, fitting] of rows)
  test(`node matchers, ${what}`, () =>
    assert.deepEqual(
      NODES.filter(nodeFits(matchers)).map(({ id }) => id),
      fitting,
    ));

const refusals: readonly (readonly [matcher: NodeMatcher, words: RegExp])[] = [
  [{ nodeId: { safeRegex: { regex: "(a+)+" } } }, /^node_matchers\[0\]\.node_id: .*exact/],
  [{ nodeId: {} }, /^node_matchers\[0\]\.node_id: /],
  [{ nodeMetadatas: [{ path: [{ key: "a" }, { key: "b" }], value: { stringMatch: { exact: "" } } }] }, /\.path: /],
  [{ nodeMetadatas: [{ path: [{ key: "a" }], value: { boolMatch: true } }] }, /\.value: /],
];
for (const [matcher, words] of refusals)
  test(`refused rather than passed over: ${JSON.stringify(matcher)}`, () =>
    assert.throws(() => nodeFits([matcher]), { message: words, name: "Error", code: 3 }));

const TYPE = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";

const resource = (state: ResourceStatus["state"], rejections: readonly Rejection[] = []): ResourceStatus => ({
  ...{ type: TYPE, name: "routes", state, rejections },
  content: { version: "v2", pieces: () => [Buffer.from("ab"), Buffer.from("c")] },
});

test("every state, in the words of the API", () => {
  const told = (["acknowledged", "sent", "withheld", "behind", "rejected"] as const).map((state) => {
    const { configStatus, clientStatus, versionInfo } = resourceConfig(resource(state), false) ?? {};
    return [state, configStatus, clientStatus, versionInfo].join(" ");
  });
  assert.deepEqual(told, [
    "acknowledged SYNCED ACKED v2",
    "sent STALE REQUESTED v2",
    "withheld NOT_SENT REQUESTED v2",
    "behind NOT_SENT REQUESTED v2",
    "rejected ERROR NACKED v2",
  ]);
  assert.equal(resourceConfig(resource("unsubscribed"), false), undefined);
  assert.deepEqual(resourceConfig({ ...resource("behind"), content: undefined }, true), {
    ...{ typeUrl: TYPE, name: "routes", configStatus: "NOT_SENT", clientStatus: "DOES_NOT_EXIST" },
  });
});

test("contents only where they are wanted", () => {
  assert.deepEqual(resourceConfig(resource("sent"), true)?.xdsConfig, { typeUrl: TYPE, value: Buffer.from("abc") });
  assert.equal(resourceConfig(resource("sent"), false)?.xdsConfig, undefined);
});

test("what was rejected, with the client's words and the version at fault; of parts, each by its name", () => {
  const of = (part: string, words: string): Rejection => ({
    ...{ type: TYPE, name: part, of: "routes", version: `v of ${part}`, subject: undefined, detail: words },
  });
  const config = resourceConfig(resource("acknowledged", [of("a.test", "no"), of("b.test", "never")]), false);
  assert.deepEqual(
    [config?.configStatus, config?.clientStatus, config?.errorState],
    ["ERROR", "NACKED", { details: "a.test: no\nb.test: never", versionInfo: "v of a.test" }],
  );
});
