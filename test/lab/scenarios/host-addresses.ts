/** Hosts that say where they are in every way there is, or do not say it; and hosts that serve TLS. */
import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authority } from "../../tls/certificates.ts";
import { type App, hostnameOf } from "../cluster/deployments.ts";
import { doorsOf, signalboxOf } from "../gateway/gateway.ts";
import type { LabHost } from "../hosts/lab-host.ts";
import type { Laboratory } from "../laboratory.ts";
import { updateAll } from "./rollouts.ts";
import { MEASURED, type Scenario, type Stage } from "./scenario.ts";
import { whoAnswered } from "./who-answered.ts";

/** Of each hostname through each proxy: of eight hosts, six of which answer, one is left out by chance with 1 in 10 millions. */
const TIMES = 90;
const ASKED = 3;

/** Names of the hosts that answer, over several hostnames through every proxy. */
async function answering(lab: Laboratory, names: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  await Promise.all(
    doorsOf(lab.gateway).map(async (door) => {
      for (const name of names.slice(0, ASKED))
        for (const host of (await whoAnswered(door, hostnameOf(name), TIMES)).hosts.keys()) found.add(host);
    }),
  );
  return found;
}

/** @throws unless exactly these hosts answer. */
async function expectAnswering({ lab, names }: Stage, hosts: readonly LabHost[]): Promise<void> {
  const found = [...(await answering(lab, names))].toSorted();
  const wanted = hosts.map(({ name }) => name).toSorted();
  if (found.join() !== wanted.join()) throw new Error(`${found.join(", ")} answer, not ${wanted.join(", ")}`);
  lab.timeline.note(MEASURED, `answering: ${found.join(", ")}`);
}

async function scaleAll({ lab, names }: Stage, replicas: number): Promise<void> {
  await Promise.all(names.map((name) => lab.deployments.scale(name, replicas)));
  await lab.deployments.settled(names);
}

async function moveAll({ lab, apps, names }: Stage, hostgroup: string): Promise<void> {
  const moved = apps.map((app): App => ({ ...app, hostSelector: { hostgroup } }));
  await Promise.all(moved.map((app) => lab.deployments.update(app)));
  await lab.deployments.settled(names);
}

const TLS_NAME = "hosts.lab.test";

/** What hosts of the group `tls` show, and what Envoys trust; gone with the process. */
async function certificate(): Promise<Readonly<Record<"certFile" | "keyFile" | "caFile", string>>> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-lab-tls-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const authority = new Authority();
  const { cert, key } = authority.server([TLS_NAME]);
  const files = { certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key"), caFile: join(folder, "ca.crt") };
  await writeFile(files.certFile, cert);
  await writeFile(files.keyFile, key);
  await writeFile(files.caFile, authority.cert);
  return files;
}

export const HOST_ADDRESSES: readonly Scenario[] = [
  {
    name: "host-addresses",
    what: "hosts join that are called by a DNS name, listen on IPv6, tell no port or no hostname; all deployments grow until each has a replica on every host, are updated and shrink",
    promised: "nothing",
    about: "signalbox",
    run: async (stage) => {
      const { lab } = stage;
      const add = lab.addHost;
      const reachable = [
        await add({ address: "127.0.0.1", called: "host-localhost", advertised: { hostname: "localhost" } }),
        await add({ address: "::1", called: "host-ipv6" }),
      ];
      const lost = [
        await add({ address: "127.0.0.31", advertised: { httpPort: 0 } }),
        await add({ address: "127.0.0.32", advertised: { hostname: "" } }),
      ];
      const all = [...lab.hosts, ...reachable, ...lost];
      await scaleAll(stage, all.length);
      await expectAnswering(stage, [...lab.hosts, ...reachable]);
      await updateAll({ ...stage, apps: stage.apps.map((app) => ({ ...app, replicas: all.length })) });
      await lab.deployments.settled(stage.names);
      await expectAnswering(stage, [...lab.hosts, ...reachable]);
      await scaleAll(stage, lost.length + 1); // any may go: one at least is left that can be reached
    },
  },
  {
    name: "tls-host-group",
    what: "all deployments move from hosts in plaintext to hosts that serve TLS, and back, the group's TLS having been added to the configuration under load",
    promised: "nothing",
    about: "signalbox",
    run: async (stage) => {
      const { lab } = stage;
      const { certFile, keyFile, caFile } = await certificate();
      await signalboxOf(lab.gateway).signalbox.configure(
        {},
        { groups: [{ name: "tls", tls: { sni: TLS_NAME, caFile } }] },
      );
      const secret = [];
      for (const address of ["127.0.0.41", "127.0.0.42"])
        secret.push(await lab.addHost({ address, labels: { hostgroup: "tls" }, tls: { certFile, keyFile } }));
      await moveAll(stage, "tls");
      await expectAnswering(stage, secret);
      await updateAll({ ...stage, apps: stage.apps.map((app) => ({ ...app, hostSelector: { hostgroup: "tls" } })) });
      await lab.deployments.settled(stage.names);
      await moveAll(stage, "default");
      const found = await answering(lab, stage.names);
      for (const { name } of secret) if (found.has(name)) throw new Error(`${name} still answers`);
    },
  },
];
