/** The objects in the text of one file, each with its place and its problems. Pure, so that commands read files as the server does. */
import { jsonDocument, type TextPosition, type YamlDocument, yamlDocuments } from "../files/yaml-documents.ts";
import type { Problem, ProblemCode } from "../placement/problem.ts";
import { type RecordKind, recordKey } from "../placement/records.ts";
import { isObject, type Parsed, stepsOf, valueText } from "./fields.ts";
import { withFileDefaults } from "./file-object.ts";
import { API_VERSION, GROUP } from "./object.ts";
import { isRecordKind, PROJECTIONS } from "./projection.ts";
import type { ObjectRecord } from "./source.ts";

/** Whether a file of a folder is read: not one whose name begins with a dot, as editors and ConfigMap volumes make them. */
export function isObjectFile(name: string): boolean {
  return /^[^.].*\.(?:yaml|yml|json)$/.test(name);
}

/** An object of a kind that is read. */
export interface FileObject {
  readonly kind: RecordKind;
  readonly namespace: string;
  readonly name: string;
  /** `kind/namespace/name`, as recordKey gives it. */
  readonly key: string;
  /** File name and position in it: its age among objects without a creationTimestamp, and its rank among equal names. */
  readonly order: string;
  /** `file:line:column`. */
  readonly place: string;
  /** undefined if it lacks what its kind cannot do without. */
  readonly record: ObjectRecord | undefined;
  readonly problems: readonly Problem[];
}

/** A document that could not be parsed. */
export interface FileFault {
  readonly fault: Problem;
}

/** Something in a file that is no object to be read. */
export interface FileRemark {
  readonly remark: Problem;
}

/**
 * The objects of a file in the order written, one at a time, so that the caller may pause between them. `file` is its name without folder; names that end in
 * `.json` are parsed as one JSON document. Lists (`kind: List`, `WorkloadList`, …) are opened. A kind that is not read is remarked once per file.
 */
export function* fileObjects(file: string, text: string): Generator<FileObject | FileFault | FileRemark> {
  const remarked = new Set<string>();
  let position = 0;
  for (const document of file.endsWith(".json") && text.trim() !== "" ? [jsonDocument(text)] : yamlDocuments(text)) {
    if ("fault" in document) {
      const remedy = "Correct the file; until then its last good version counts";
      yield { fault: fileProblem("file-invalid", file, document, `it cannot be parsed: ${document.fault}`, remedy) };
      continue;
    }
    for (const [value, path, impliedKind] of entriesOf(document.value, [], "")) {
      const order = `${file}\0${String(position++).padStart(6, "0")}`;
      const object = objectOf(file, order, document, value, path, impliedKind);
      if (object === undefined) continue;
      if ("remark" in object) {
        const { code, cause, place } = object.remark;
        const once = code === "kind-unknown" ? cause : `${place} ${cause}`; // pieces of a long list may be at fault at one place
        if (remarked.has(once)) continue;
        remarked.add(once);
      }
      yield object;
    }
  }
}

type Path = readonly (string | number)[];

/** The value itself, or what is in it if it is a list of objects. Lists of one kind leave the kind of their items out. */
function* entriesOf(
  value: unknown,
  path: Path,
  impliedKind: string,
): Generator<readonly [value: unknown, path: Path, kind: string]> {
  const kind = isObject(value) ? value["kind"] : undefined;
  if (!isObject(value) || typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(value["items"]))
    return yield [value, path, impliedKind];
  for (const [i, item] of value["items"].entries())
    yield* entriesOf(item, [...path, "items", i], kind.slice(0, -"List".length));
}

function objectOf(
  file: string,
  order: string,
  document: YamlDocument,
  value: unknown,
  path: Path,
  impliedKind: string,
): FileObject | FileRemark | undefined {
  const at = document.positionOf(path);
  const remark = (code: ProblemCode, cause: string, remedy: string) => ({
    remark: fileProblem(code, file, at, cause, remedy),
  });
  if (!isObject(value))
    return remark(
      "object-invalid",
      `${valueText(value)} is no object`,
      "Write objects with apiVersion, kind and metadata",
    );
  const kind = value["kind"] ?? impliedKind;
  const version = value["apiVersion"] ?? (impliedKind === "" ? undefined : API_VERSION);
  if (typeof kind !== "string" || kind === "")
    return remark("object-invalid", "an object has no kind", `Set kind, and apiVersion: ${API_VERSION}`);
  if (version !== API_VERSION) {
    const ours = isRecordKind(kind) || String(version).startsWith(`${GROUP}/`);
    const remedy = ours
      ? `Set apiVersion: ${API_VERSION}`
      : "Keep other objects in another folder, or leave it: it is ignored";
    const cause =
      version === undefined
        ? `${kind}: it has no apiVersion`
        : `${kind} of apiVersion ${valueText(version)} is not read`;
    return remark("kind-unknown", cause, remedy);
  }
  if (kind === "Artifact") return undefined; // of wasmCloud, and says nothing about routes
  if (!isRecordKind(kind))
    return remark(
      "kind-unknown",
      `there is no kind ${valueText(kind)} in ${API_VERSION}`,
      `Use one of ${Object.keys(PROJECTIONS).join(", ")}`,
    );
  const object = withFileDefaults(kind, value);
  const { identity, record, problems } = PROJECTIONS[kind](object, order);
  const placed = problems.map((problem): Problem => {
    const steps = problem.subject.field === undefined ? [] : stepsOf(problem.subject.field);
    return { ...problem, place: placeText(file, document.positionOf([...path, ...steps])) };
  });
  if (identity === undefined) {
    const [first] = placed; // its name is unusable, so it can only be told apart by its place
    if (first === undefined) throw new Error(`${file}: an object without identity and without a problem`);
    return { remark: { ...first, subject: { ...first.subject, name: `(${placeText(file, at)})` } } };
  }
  const { namespace, name } = identity;
  const unplaced = placed.length === 0 ? unplacedProblem(record, object, placeText(file, at)) : [];
  const key = recordKey({ kind, namespace, name });
  return { kind, namespace, name, key, order, place: placeText(file, at), record, problems: [...placed, ...unplaced] };
}

/** Who writes a Workload without status means it to run, and forgot where. One with a status, taken from a cluster, is waiting to be placed. */
function unplacedProblem(record: ObjectRecord | undefined, object: Parsed, place: string): readonly Problem[] {
  if (record?.kind !== "Workload" || record.hostId !== "" || object["status"] !== undefined) return [];
  const subject = { kind: record.kind, namespace: record.namespace, name: record.name, field: "spec.hostId" };
  return [
    {
      code: "object-invalid",
      subject,
      cause: "no host is named, so nothing can answer",
      remedy: "Set it to the hostId of a Host",
      place,
    },
  ];
}

function fileProblem(code: ProblemCode, file: string, at: TextPosition, cause: string, remedy: string): Problem {
  return { code, subject: { kind: "File", namespace: "", name: file }, cause, remedy, place: placeText(file, at) };
}

function placeText(file: string, { line, column }: TextPosition): string {
  return `${file}:${line}:${column}`;
}
