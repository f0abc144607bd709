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

test("server, namespace, authority and token are read; data wins over files, paths are relative to the file", () => {
  const access = readAccess(
    {
      kubeconfig: file(
        config(`${SERVER}, certificate-authority: ca.crt, tls-server-name: api.test`, "token: secret, as: someone"),
      ),
    },
    {},
  );
  assert.equal(access.server, "https://10.0.0.1:6443/base");
  assert.equal(access.namespace, "shop");
  assert.deepEqual(access.ca, { file: join(folder, "ca.crt") });
  assert.equal(access.serverName, "api.test");
  assert.deepEqual(access.token, { bytes: Buffer.from("secret") });
  assert.equal(access.impersonate, "someone");
  const inline = `${SERVER}, certificate-authority: ca.crt, certificate-authority-data: ${Buffer.from("PEM").toString("base64")}`;
  assert.deepEqual(readAccess({ kubeconfig: file(config(inline, "")) }, {}).ca, { bytes: Buffer.from("PEM") });
});

test("client certificate, plugin and HTTP proxy are read", () => {
  const user =
    "client-certificate: me.crt, client-key: /keys/me.key, exec: {command: ./login, args: [token], env: [{name: A, value: b}]}";
  const access = readAccess({ kubeconfig: file(config(`${SERVER}, proxy-url: 'http://proxy.test:3128'`, user)) }, {});
  assert.deepEqual(access.clientCertificate, { cert: { file: join(folder, "me.crt") }, key: { file: "/keys/me.key" } });
  assert.equal(access.exec?.command, join(folder, "login"));
  assert.deepEqual([access.exec?.args, access.exec?.env], [["token"], { A: "b" }]);
  assert.equal(access.proxyUrl, "http://proxy.test:3128");
});

test("several files of KUBECONFIG are one, the first that has a name wins", () => {
  const first = file("current-context: there\nusers: [{name: me, user: {token: first}}]");
  const second = file(`${config(SERVER, "token: second")}`.replaceAll("here", "there"));
  const access = readAccess({}, { KUBECONFIG: [first, second].join(delimiter) });
  assert.deepEqual(access.token, { bytes: Buffer.from("first") });
  assert.equal(access.server, "https://10.0.0.1:6443/base");
});

test("a pod has two variables and a folder", () => {
  const pod = join(folder, "pod");
  mkdirSync(pod);
  const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
  assert.equal(podAccess(env, pod), undefined, "no token, no pod");
  writeFileSync(join(pod, "token"), "t");
  writeFileSync(join(pod, "namespace"), "signalbox\n");
  const access = podAccess(env, pod);
  assert.equal(access?.server, "https://[fd00::1]:443");
  assert.equal(access?.namespace, "signalbox");
  assert.deepEqual(access?.token, { file: join(pod, "token") });
});

const refused: readonly (readonly [text: string, says: RegExp, why: string])[] = [
  ["[", /is not YAML/, "broken"],
  ["{}", /has no current-context.*Set source\.kubernetes\.context/, "empty"],
  ["current-context: x", /has no context "x", which current-context names/, "a context that is not there"],
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
  assert.throws(() => readAccess({}, { HOME: folder }), /there is no kubeconfig: .*Set source\.kubernetes\.kubeconfig/);
});
