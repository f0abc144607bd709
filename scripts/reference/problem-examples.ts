/** Example lines of problems, from the code that reports them, so that the reference tells them in today's words. */
import { loadSettings } from "../../src/config/load.ts";
import type { Settings } from "../../src/config/settings.ts";
import { translateHostname } from "../../src/envoy/translate.ts";
import { Placer } from "../../src/placement/placer.ts";
import type { Problem, ProblemCode } from "../../src/placement/problem.ts";
import type { RecordChange } from "../../src/placement/records.ts";
import { AddressStage } from "../../src/sources/address-stage.ts";
import { type FileObject, fileObjects } from "../../src/sources/file-objects.ts";
import type { Lookup } from "../../src/sources/lookup.ts";
import type { ObjectRecord, ObjectSource } from "../../src/sources/source.ts";

/** What leads to the problem; the others that it may lead to are not looked at. */
export type Example =
  /** YAML of objects, and of the configuration beside `source`. */
  | { readonly objects: string; readonly settings?: string }
  /** YAML of the whole configuration. */
  | { readonly configuration: string }
  /** An endpoint that placement would never give. */
  | { readonly endpoint: string }
  /** As reported; for what needs a cluster. */
  | { readonly reported: Problem };

/** The problem of this code that an example leads to. Throws if there is none: the example, or the code, is out of date. */
export async function exampleProblem(code: ProblemCode, example: Example): Promise<Problem> {
  const all = await problemsOf(example);
  const problem = all.find((candidate) => candidate.code === code);
  if (problem === undefined)
    throw new Error(`the example of ${code} leads to ${all.map((other) => other.code).join(", ") || "no problem"}`);
  return problem;
}

async function problemsOf(example: Example): Promise<readonly Problem[]> {
  if ("reported" in example) return [example.reported];
  if ("endpoint" in example) return translationProblems(example.endpoint);
  if ("configuration" in example) {
    const loaded = loadSettings(example.configuration, "signalbox.yaml");
    return "problems" in loaded ? loaded.problems : [];
  }
  return objectProblems(example.objects, settingsOf(example.settings ?? ""));
}

function settingsOf(text: string): Settings {
  const loaded = loadSettings(`source: {folder: objects}\n${text}`, "signalbox.yaml");
  if ("settings" in loaded) return loaded.settings;
  throw new Error(`the settings of an example are wrong: ${loaded.problems[0].cause}`);
}

/** Names resolve nowhere: an example that needs no DNS has addresses. */
const noLookup: Lookup = async (name) => ({ kind: "failed", cause: `queryA ENOTFOUND ${name}` });

async function objectProblems(text: string, settings: Settings): Promise<readonly Problem[]> {
  const found = [...fileObjects("objects.yaml", text)];
  const said = found.flatMap((one) => ("record" in one ? one.problems : "fault" in one ? [one.fault] : [one.remark]));
  const records = found.filter((one): one is FileObject => "record" in one).flatMap(({ record }) => record ?? []);
  const located = await locatedRecords(records, settings);
  const placer = new Placer(settings.placement.policy);
  placer.apply(located.changes);
  return [...said, ...located.problems, ...placer.problems()];
}

async function locatedRecords(records: readonly ObjectRecord[], { hosts }: Settings) {
  const changes: RecordChange[] = [];
  const problems: Problem[] = [];
  const synced = Promise.withResolvers<void>();
  const source: ObjectSource = {
    start: async (sink) =>
      sink({ changes: records.map((put) => ({ put })), problems: [], synced: true, stale: undefined }),
    stop: async () => {},
  };
  const stage = new AddressStage(source, hosts, noLookup);
  await stage.start((batch) => {
    changes.push(...batch.changes);
    problems.push(...batch.problems.flatMap((report) => report.problems));
    if (batch.synced) synced.resolve();
  });
  await synced.promise;
  await stage.stop();
  return { changes, problems };
}

function translationProblems(address: string): readonly Problem[] {
  const [fleet] = settingsOf("").fleets;
  if (fleet === undefined) throw new Error("settings without a fleet");
  const endpoint = {
    address,
    phase: "ready",
    authority: "shop.example.com",
    weight: 1,
    workloadId: undefined,
  } as const;
  const translation = translateHostname(
    fleet.spec,
    { layout: "rds", source: { kind: "ads" }, endpoints: "eds" },
    {
      ...{ hostname: "shop.example.com", owner: "shop", protocolGroup: "" },
      endpoints: [{ ...endpoint, hostId: "h", hostGroup: "" }],
    },
  );
  return translation.ok ? [] : translation.problems;
}
