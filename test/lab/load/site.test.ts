/** What is right as an answer, and what is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "./outcome.ts";
import { judge, type Received, type Site } from "./site.ts";

const OWN: Site = { hostname: "app-1.lab.test", served: "lab/app-1" };
const GONE: Site = { ...OWN, absences: ["no-replica"] };
const PASSING: Site = { ...OWN, heir: "rival/app-1" };

const FAILURE: Failure = { as: "answer", text: "", begun: false };
const served = (servedBy: string): Received => ({ servedBy });
const unserved: Received = { failure: FAILURE, absence: "no-replica" };

const rows: readonly (readonly [given: string, received: Received, sites: readonly Site[], verdict: string])[] = [
  ["a replica of its deployment", served("lab/app-1-2f-9c"), [OWN], "right"],
  ["a replica of a deployment whose name begins alike", served("lab/app-12-2f-9c"), [OWN], "foreign"],
  ["a replica of another namespace", served("rival/app-1-2f-9c"), [OWN], "foreign"],
  ["the same, while the hostname passes on", served("rival/app-1-2f-9c"), [PASSING], "right"],
  ["a third one meanwhile", served("third/app-1-2f-9c"), [PASSING], "foreign"],
  ["an answer that does not say whose it is", {}, [OWN], "foreign"],
  ["nobody serves", unserved, [OWN], "answer"],
  ["the same, where that may be", unserved, [GONE], "no-replica"],
  ["the same, where that was so when it began", unserved, [GONE, OWN], "no-replica"],
  ["the same, where that has become so meanwhile", unserved, [OWN, GONE], "no-replica"],
  ["unknown, where only its replicas may be away", { failure: FAILURE, absence: "unknown" }, [GONE], "answer"],
  ["a failure of its replica", { failure: { ...FAILURE, as: "cut" }, servedBy: "lab/app-1-2f-9c" }, [GONE], "cut"],
];

for (const [given, received, sites, verdict] of rows)
  test(`${given}: ${verdict}`, () => {
    const { failure, absence } = judge(received, sites);
    assert.equal(failure?.as ?? absence ?? "right", verdict);
  });
