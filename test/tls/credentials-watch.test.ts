/** Credentials followed while their files change, as administrators, cert-manager and the kubelet change them. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { TlsFiles } from "../../src/tls/credentials.ts";
import { CredentialsWatch } from "../../src/tls/credentials-watch.ts";
import { Authority, certificateFolder, HOUR } from "./certificates.ts";

interface Watched {
  readonly watch: CredentialsWatch;
  /** What the observer was told, in words. */
  readonly told: string[];
  /** Contexts given to listeners. */
  readonly contexts: CredentialsWatch["context"][];
  until(what: string): Promise<void>;
}

const authority = new Authority();

async function watched(t: TestContext, files: TlsFiles, now = Date.now): Promise<Watched> {
  const told: string[] = [];
  let wake = (): void => undefined;
  const tell = (words: string): void => {
    told.push(words);
    wake();
  };
  const observer: Parameters<typeof CredentialsWatch.open>[1]["observer"] = {
    renewed: ({ names }) => tell(`renewed ${names}`),
    kept: ({ code, file }, held) => tell(`kept ${held.names}: ${file} ${code}`),
    recovered: () => tell("recovered"),
    expires: ({ names }, expiry) => tell(`${names} expires: ${expiry}`),
  };
  const watch = await CredentialsWatch.open(files, { observer, now });
  if ("cause" in watch) throw new Error(watch.cause);
  t.after(() => watch.close());
  const contexts: Watched["contexts"] = [];
  watch.onChange((context) => contexts.push(context));
  const until = async (what: string): Promise<void> => {
    while (!told.includes(what)) await new Promise<void>((settle) => (wake = settle));
  };
  return { watch, told, contexts, until };
}

test("a rotation file by file is one change, and no fault is told", async (t) => {
  const folder = await certificateFolder(t, { ...authority.server(["one.test"]), ca: authority.cert });
  const { watch, told, contexts, until } = await watched(t, folder);
  assert.equal(watch.held.names, "DNS:one.test");
  const next = new Authority("next");
  await folder.put({ ...next.server(["two.test"]), ca: authority.cert + next.cert });
  await until("renewed DNS:two.test");
  while (contexts.length === 0 || [watch.context.ca].flat().length < 2) await until("renewed DNS:two.test").then(tick);
  assert.deepEqual([...new Set(told)], ["renewed DNS:two.test"]);
  assert.equal(contexts.at(-1), watch.context);
});

const tick = (): Promise<void> => new Promise((settle) => setTimeout(settle, 5));

test("the kubelet's swap of links is seen, the second as the first", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-kubelet-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const swap = async (name: string): Promise<void> => {
    const { cert, key } = authority.server([`${name}.test`]);
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, "tls.crt"), cert);
    await writeFile(join(folder, name, "tls.key"), key);
    await writeFile(join(folder, name, "ca.crt"), authority.cert);
    await symlink(name, join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  };
  await swap("..one");
  for (const file of ["tls.crt", "tls.key", "ca.crt"]) await symlink(`..data/${file}`, join(folder, file));
  const files = { certFile: "tls.crt", keyFile: "tls.key", caFile: "ca.crt" };
  const paths = Object.fromEntries(Object.entries(files).map(([option, file]) => [option, join(folder, file)]));
  const { watch, told, until } = await watched(t, paths as unknown as TlsFiles);
  for (const name of ["..two", "..three"]) {
    await swap(name);
    await until(`renewed DNS:${name}.test`);
    assert.equal(watch.held.names, `DNS:${name}.test`);
  }
  assert.equal(told.length, 2);
});

test("whatever becomes of the files, the last good ones stay in use; each fault is told once, its end too", async (t) => {
  const first = authority.server(["one.test"]);
  const folder = await certificateFolder(t, { ...first, ca: authority.cert });
  const { watch, told, contexts, until } = await watched(t, folder);
  const held = watch.context;
  await folder.put({ cert: first.cert.slice(0, 300) });
  await until("kept DNS:one.test: certFile cut-off");
  await folder.put({ cert: authority.server(["two.test"]).cert });
  await until("kept DNS:one.test: keyFile key-mismatch");
  await folder.put(authority.server(["two.test"], { fromMs: -2 * HOUR, toMs: -HOUR }));
  await until("kept DNS:one.test: certFile expired");
  await folder.put({ ...first, ca: "" });
  await until("kept DNS:one.test: caFile not-pem");
  await unlink(folder.caFile);
  await until("kept DNS:one.test: caFile unreadable");
  await rename(folder.folder, `${folder.folder}-away`);
  await until("kept DNS:one.test: certFile unreadable");
  assert.deepEqual([watch.context, contexts], [held, []]);
  await rename(`${folder.folder}-away`, folder.folder);
  await folder.put({ ca: authority.cert });
  await until("recovered");
  assert.deepEqual([...new Set(told)], told, "each once");
  await folder.put(authority.server(["three.test"]));
  await until("renewed DNS:three.test");
  assert.notEqual(watch.context, held);
});

test("a certificate near its end is told of while it is used, and again when it is over; its successor begins anew", async (t) => {
  const folder = await certificateFolder(t, { ...authority.server(["one.test"]), ca: authority.cert });
  let now = Date.now();
  const { watch, told, until } = await watched(t, folder, () => now);
  now += 0.7 * HOUR;
  await until("DNS:one.test expires: soon");
  now += 0.25 * HOUR;
  await until("DNS:one.test expires: near");
  now += HOUR;
  await until("DNS:one.test expires: over");
  assert.equal(told.length, 3);
  assert.equal(watch.held.names, "DNS:one.test", "used on: there is no other");
  const next = new Authority("next", { toMs: 9 * HOUR });
  await folder.put({ ...next.server(["two.test"], { toMs: 9 * HOUR }), ca: next.cert });
  await until("renewed DNS:two.test");
});

test("a clock that is set back neither keeps a fault untold nor a successor unused", async (t) => {
  const folder = await certificateFolder(t, { ...authority.server(["one.test"]), ca: authority.cert });
  let now = Date.now();
  const { until } = await watched(t, folder, () => {
    now -= 10_000; // at every look
    return now;
  });
  await folder.put({ cert: "" });
  await until("kept DNS:one.test: certFile not-pem");
  await folder.put(authority.server(["two.test"], { fromMs: -24 * HOUR }));
  await until("renewed DNS:two.test");
});

test("files that cannot be read at the start are a fault, with the system's words and a remedy", async (t) => {
  const folder = await certificateFolder(t, { ...authority.server(), ca: authority.cert });
  const parts = { observer: {} as never, now: Date.now };
  const missing = await CredentialsWatch.open({ ...folder, keyFile: join(folder.folder, "no.key") }, parts);
  assert.ok("cause" in missing);
  assert.deepEqual([missing.file, missing.code], ["keyFile", "unreadable"]);
  assert.match(missing.cause, /no\.key cannot be read: ENOENT/);
  assert.match(missing.remedy, /signalbox certgen/);
  const isFolder = await CredentialsWatch.open({ ...folder, caFile: folder.folder }, parts);
  assert.ok("cause" in isFolder);
  assert.match(`${isFolder.cause}. ${isFolder.remedy}`, /EISDIR.*Name the file in that folder/);
});
