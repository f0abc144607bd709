import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";
import { ApiError } from "../../src/kubernetes/failure.ts";
import { podAccess, readAccess } from "../../src/kubernetes/kubeconfig.ts";

const folder = mkdtempSync(join(tmpdir(), "signalbox-kubeconfig-"));
after(() => rmSync(folder, { recursive: true }));

let written = 0;
function file(text: string): string {
  const path = join(folder, `config-${++written}`);
  writeFileSync(path, text);
  return path;
}

const config = (cluster: string, user: string) => `
current-context: here
contexts: [{name: here, context: {cluster: one, user: me, namespace: shop}}]
clusters: [{name: one, cluster: {${cluster}}}]
users: [{name: me, user: {${user}}}]
`;
const SERVER = "server: 'https://10.0.0.1:6443/base/'";

test("server, namespace, authority and token are read; paths are relative to the file", () => {
  const access = readAccess(
    {
      kubeconfig: file(
        config(`${SERVER}, certificate-authority: ca.crt, tls-server-name: api.test`, "token: secret, as: someone"),
      ),
    },
    {},
  );
  assert.equal(access.namespace, "shop");
  const { server, caFile, tlsServerName, skipTLSVerify } = access.cluster;
  assert.deepEqual(
    [server, caFile, tlsServerName, skipTLSVerify],
    ["https://10.0.0.1:6443/base", join(folder, "ca.crt"), "api.test", false],
  );
  assert.deepEqual([access.user.token, access.user.impersonateUser], ["secret", "someone"]);
});

test("client certificate, plugin and HTTP proxy are read", () => {
  const user =
    "client-certificate: me.crt, client-key: /keys/me.key, exec: {command: ./login, args: [token, 1], env: [{name: A, value: b}]}";
  const access = readAccess({ kubeconfig: file(config(`${SERVER}, proxy-url: 'http://proxy.test:3128'`, user)) }, {});
  assert.deepEqual([access.user.certFile, access.user.keyFile], [join(folder, "me.crt"), "/keys/me.key"]);
  const info = `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}}`;
  assert.deepEqual(access.user.exec, {
    command: join(folder, "login"),
    args: ["token", "1"],
    env: [
      { name: "A", value: "b" },
      { name: "KUBERNETES_EXEC_INFO", value: info },
    ],
    installHint: "Run it by hand to see why",
  });
  assert.equal(access.cluster.proxyUrl, "http://proxy.test:3128");
});

test("a token's file is relative to the kubeconfig and wins over a token", () => {
  const { user } = readAccess({ kubeconfig: file(config(SERVER, "tokenFile: token, token: old")) }, {});
  assert.equal(user.authProvider.config.tokenFile, join(folder, "token"));
});

test("a user, and whatever is wrong with entries that the context does not name, can be left out", () => {
  const text = `
current-context: here
contexts: [{name: half}, {name: here, context: {cluster: one}}]
clusters: [{name: none}, {name: one, cluster: {${SERVER}}}]
users: [{}, nonsense]
`;
  assert.deepEqual(readAccess({ kubeconfig: file(text) }, {}).user, { name: "" });
});

test("several files of KUBECONFIG are one, the first that has a name wins", () => {
  const first = file("current-context: there\nusers: [{name: me, user: {token: first}}]");
  const second = file(`${config(SERVER, "token: second")}`.replaceAll("here", "there"));
  const access = readAccess({}, { KUBECONFIG: [first, second].join(delimiter) });
  assert.equal(access.user.token, "first");
  assert.equal(access.cluster.server, "https://10.0.0.1:6443/base");
});

test("a pod has two variables and a folder", () => {
  const pod = join(folder, "pod");
  mkdirSync(pod);
  const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
  assert.equal(podAccess(env, pod), undefined, "no token, no pod");
  writeFileSync(join(pod, "token"), "t");
  writeFileSync(join(pod, "namespace"), "signalbox\n");
  const access = podAccess(env, pod);
  assert.equal(access?.cluster.server, "https://[fd00::1]:443");
  assert.equal(access?.cluster.caFile, join(pod, "ca.crt"));
  assert.equal(access?.namespace, "signalbox");
  assert.equal(access?.user.authProvider.config.tokenFile, join(pod, "token"));
});

const refused: readonly (readonly [text: string, says: RegExp, why: string])[] = [
  ["[", /is not YAML/, "broken"],
  ["{}", /has no current-context.*Set source\.kubernetes\.context/, "empty"],
  ["current-context: x", /has no context "x", which current-context names/, "a context that is not there"],
  [
    "{current-context: x, contexts: [{name: x}]}",
    /context x: context is missing.*Correct the file/,
    "a context without fields",
  ],
  [config("", ""), /cluster one: cluster\.server is missing/, "no server"],
  [config("server: 10.0.0.1", ""), /cluster one, server: "10\.0\.0\.1" is not a URL.*https:\/\//, "no scheme"],
  [
    config(`${SERVER}, proxy-url: 'socks5://p:1'`, ""),
    /proxy-url: "socks5:\/\/p:1".*SOCKS is not supported/,
    "a proxy of another kind",
  ],
  [
    config(SERVER, "auth-provider: {name: gcp}"),
    /user me: auth-provider was removed.*exec plugin/,
    "removed from Kubernetes",
  ],
  [config(SERVER, "client-key: k"), /client-key without client-certificate/, "half a pair"],
  [config(SERVER, "exec: {}"), /exec\.command is missing/, "a plugin without a program"],
];
for (const [text, says, why] of refused)
  test(`refused, ${why}`, () => {
    const path = file(text);
    assert.throws(
      () => readAccess({ kubeconfig: path }, {}),
      (error) =>
        error instanceof ApiError &&
        error.failure.code === "credentials" &&
        error.message.includes(path) &&
        says.test(error.message),
    );
  });

test("a path that cannot be read, and no configuration at all, name what to set", () => {
  assert.throws(
    () => readAccess({ kubeconfig: join(folder, "nowhere") }, {}),
    /nowhere cannot be read: ENOENT.*source\.kubernetes\.kubeconfig/,
  );
  const env = { KUBECONFIG: join(folder, "nowhere") };
  assert.throws(() => readAccess({}, env), /nowhere cannot be read: ENOENT.*\. Correct the variable KUBECONFIG$/);
  assert.throws(() => readAccess({}, { HOME: folder }), /there is no kubeconfig: .*Set source\.kubernetes\.kubeconfig/);
});
