/** The reference of problems: what each code means. */
import { type ProblemCode, problemText } from "../../src/placement/problem.ts";
import { reasonOf, TELLINGS } from "../../src/serve/event-texts.ts";
import { blockOf, originOf } from "./markdown.ts";
import { exampleProblem } from "./problem-examples.ts";
import { PROBLEM_ROWS, type ProblemRow } from "./problem-table.ts";

const INTRODUCTION = `# Problems

${originOf("scripts/reference/problem-table.ts")}

A problem is something that the owner of an object, or the administrator, can put right. It names the object and the field, what is wrong and what to do, and
harms nothing but what it names. Codes are stable. Problems are told

- in the log, once when they come and once when they are solved (\`"problem": "hostname-taken"\`);
- at \`/debug/problems\` of the [admin address](admin.md), all that there are now;
- as the metric \`signalbox_problems{code="hostname-taken"}\`, by number;
- on Kubernetes as an [Event](kubernetes.md#events) on the object, where its owner can do something about it: then the section ends with the Event's reason;
- by \`signalbox validate\`, before anything is applied, with file, line and column.

Those of the configuration itself are told by the log and \`validate\` only.
`;

/** docs/problems.md: a section for each code. */
export async function problemsPage(): Promise<string> {
  const rows = Object.entries(PROBLEM_ROWS) as [ProblemCode, ProblemRow][];
  const list = rows.map(([code]) => `[${code}](#${code})`).join(", ");
  const sections = await Promise.all(rows.map(([code, row]) => sectionOf(code, row)));
  return `${[INTRODUCTION, `${list}.\n`, ...sections].join("\n")}`;
}

async function sectionOf(code: ProblemCode, { means, example, remedy }: ProblemRow): Promise<string> {
  const line = problemText(await exampleProblem(code, example));
  const telling = TELLINGS[code];
  const event = telling === undefined ? [] : [`Event: \`${reasonOf(code)}\`, ${telling.type}.`];
  return `${[`## ${code}`, means, blockOf("text", line), remedy, ...event].join("\n\n")}\n`;
}
