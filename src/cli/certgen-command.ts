/** The command `certgen`: certificates for the xDS port where nobody else makes them. */
import { resolve } from "node:path";
import { stringify } from "yaml";
import { problemText } from "../placement/problem.ts";
import { authorityUntil, type CertificateSet, certificatesBy, newAuthority, usualSan } from "../tls/certificate-set.ts";
import type { Issued } from "../tls/issue.ts";
import { type HeldSet, holdsAuthority, readSet, writeSet } from "./certificate-folder.ts";
import { command } from "./command.ts";
import { configOption } from "./config-option.ts";
import { settingsFrom } from "./offline.ts";
import { Refusal } from "./refusal.ts";

const DAY_MS = 86_400_000;

export const certgenCommand = command({
  name: "certgen",
  operands: "",
  arity: { min: 0, max: 0 },
  options: {
    config: configOption("Signalbox's configuration, for its fleets and their sans"),
    fleet: { type: "string", short: "f", multiple: true, value: "name", summary: "a fleet to make a certificate for" },
    folder: {
      type: "string",
      value: "folder",
      summary: "where they are written: ca.crt, ca.key, server/, fleet-<name>/",
    },
    name: {
      type: "string",
      multiple: true,
      value: "name",
      summary: "one more DNS name or IP address at which Envoys reach Signalbox",
    },
    namespace: {
      type: "string",
      value: "name",
      default: "signalbox",
      summary: "of the Service signalbox and of the Secrets",
    },
    days: { type: "string", value: "number", default: "365", summary: "how long certificates are valid" },
    "ca-days": { type: "string", value: "number", default: "3650", summary: "how long a new authority is" },
    renew: {
      type: "boolean",
      summary: "makes new certificates and keys for what is in --folder, by the authority there",
    },
    overwrite: {
      type: "boolean",
      summary: "makes a new authority where one is: until all have the new files, they refuse each other",
    },
    kubernetes: {
      type: "boolean",
      summary: "prints Secrets signalbox-xds and signalbox-xds-<fleet> for kubectl apply -f -",
    },
  },
  examples: [
    [
      "signalbox certgen --fleet public --fleet private --kubernetes | kubectl apply -f -",
      "the authority's key is not kept",
    ],
    ["signalbox certgen --config signalbox.yaml --folder certificates", "one folder for each machine"],
    ["signalbox certgen --folder certificates --renew", "nobody need be restarted"],
  ],
  notes: `ECDSA on P-256 with SHA-256. A fleet's certificate has the first name of its proxies.sans, or ${usualSan("<fleet>")}.
Keep ca.key: who has it can make certificates for any fleet.`,
  run: async ({ options }, terminal) => {
    if (options.folder === undefined && !options.kubernetes)
      throw usage("certgen has nowhere to write to", "Give --folder, or --kubernetes to print Secrets");
    const folder = options.folder === undefined ? undefined : resolve(terminal.cwd, options.folder);
    const held = await heldIn(folder, options);
    const asked = await fleetsAsked(options, terminal.err);
    if (asked === undefined) return 1;
    const fleets = new Map([...(held?.fleets ?? []), ...asked]);
    if (fleets.size === 0) throw usage("no fleet is named", "Give --fleet <name>, or --config for all of its fleets");
    const wish = {
      ...{ fleets, nowMs: Date.now(), validMs: daysOf("days", options.days) },
      serverNames: [...new Set([...(held?.serverNames ?? usualNames(options.namespace)), ...options.name])],
    };
    const authority = held?.authority ?? newAuthority({ ...wish, validMs: daysOf("ca-days", options["ca-days"]) });
    refuseUnlessLonger(authority, wish.nowMs + wish.validMs, folder);
    const set = certificatesBy(authority, wish);
    if (folder === undefined)
      terminal.err(
        "Note: the authority's key is not kept, so that these cannot be renewed, only replaced all at once. --folder keeps it",
      );
    else for (const written of await writeSet(folder, set)) terminal.err(`Written: ${written}`);
    if (options.kubernetes) terminal.out(secretsOf(set, options.namespace).trimEnd());
    return 0;
  },
});

const usage = (cause: string, remedy: string): Refusal => new Refusal(cause, remedy, { exitCode: 2 });

/** How the Service of our manifests is called from within the cluster, and how a machine calls itself. */
const usualNames = (namespace: string): readonly string[] => [
  "signalbox",
  `signalbox.${namespace}`,
  `signalbox.${namespace}.svc`,
  `signalbox.${namespace}.svc.cluster.local`,
  "localhost",
];

async function heldIn(
  folder: string | undefined,
  { renew, overwrite }: { readonly renew: boolean; readonly overwrite: boolean },
): Promise<HeldSet | undefined> {
  if (renew && folder === undefined)
    throw usage("--renew needs the authority's key", "Give the --folder that certgen wrote");
  if (renew && overwrite) throw usage("--renew keeps the authority, --overwrite makes a new one", "Give one of them");
  if (folder === undefined || overwrite) return undefined;
  if (renew) return readSet(folder);
  if (await holdsAuthority(folder))
    throw new Refusal(
      `--folder: ${folder} has an authority already`,
      "Give --renew for new certificates by that one, another folder, or --overwrite",
    );
  return undefined;
}

/** Names by fleet; undefined for a configuration that is wrong, which was told. */
async function fleetsAsked(
  { config, fleet: named }: { readonly config: string | undefined; readonly fleet: readonly string[] },
  tell: (line: string) => void,
): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
  const usual = named.map((name) => [name, [usualSan(name)]] as const);
  for (const [name] of usual)
    if (!/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(name))
      throw usage(
        `--fleet cannot be ${JSON.stringify(name)}`,
        "Use 1 to 40 lower-case letters, digits and inner hyphens",
      );
  if (config === undefined) return new Map(usual);
  const settings = await settingsFrom(config);
  if ("unusable" in settings) {
    for (const problem of settings.unusable) tell(problemText(problem));
    return undefined;
  }
  const configured = settings.fleets.map(
    ({ name, proxies: { sans } }) => [name, [sans[0]?.replace("*", name) ?? usualSan(name)]] as const,
  );
  const wanted = configured.filter(([name]) => named.length === 0 || named.includes(name));
  return new Map([...usual, ...wanted]);
}

function refuseUnlessLonger(authority: Issued, untilMs: number, folder: string | undefined): void {
  const until = authorityUntil(authority);
  if (typeof until === "string")
    throw new Refusal(`${folder}/ca.crt ${until}`, "Name the folder that signalbox certgen wrote");
  if (until >= untilMs) return;
  throw new Refusal(
    `the authority expires at ${new Date(until).toISOString()}, before the certificates it would sign`,
    "Give fewer --days, or replace the authority: docs/xds-tls.md tells how",
  );
}

function daysOf(option: string, text: string): number {
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (days >= 1) return days * DAY_MS;
  throw usage(`--${option} cannot be ${JSON.stringify(text)}`, "Give a whole number of days from 1 to 99999");
}

/** Secrets as the manifests in k8s/ mount them; cert-manager writes the same keys. */
function secretsOf({ authority, server, fleets }: CertificateSet, namespace: string): string {
  const all = [
    ["signalbox-xds", server] as const,
    ...[...fleets].map(([fleet, own]) => [`signalbox-xds-${fleet}`, own] as const),
  ];
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return all
    .map(([name, { cert, key }]) =>
      stringify(
        {
          ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls" },
          metadata: { name, namespace, labels: { "app.kubernetes.io/name": "signalbox" } },
          data: { "ca.crt": base64(authority.cert), "tls.crt": base64(cert), "tls.key": base64(key) },
        },
        { lineWidth: 0 },
      ),
    )
    .join("---\n");
}
