/** Every fault an API server or a network is known for, against the fake: after each, what was delivered adds up to what there is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FailureCode } from "../../src/kubernetes/failure.ts";
import type { ReflectorTuning } from "../../src/kubernetes/reflector-options.ts";
import {
  cutAfter,
  endAfter,
  errorLine,
  FakeApi,
  type Fault,
  mute,
  type RequestKind,
  reset,
  status,
} from "./fake-api.ts";
import { ObservedReflector, plainAccess, until } from "./observed-reflector.ts";

const added = (name: string) =>
  `${JSON.stringify({ type: "ADDED", object: { metadata: { name, namespace: "shop", resourceVersion: "1" }, colour: "never" } })}\n`;

interface Row {
  readonly fault: string;
  readonly why: string;
  /** Made before the reflector starts. */
  readonly before?: (api: FakeApi) => void;
  /** Made while it watches. */
  readonly during?: (api: FakeApi) => void | Promise<void>;
  readonly tuning?: ReflectorTuning;
  /** Failures told, in order. */
  readonly failures: readonly FailureCode[];
  /** Complete lists made, and requests of all kinds in order. */
  readonly lists: number;
  readonly requests: readonly RequestKind[];
}

const twice = (fault: Fault) => [fault, fault] as const;

const rows: readonly Row[] = [
  { fault: "none", why: "a streamed list goes over into its watch", failures: [], lists: 1, requests: ["stream"] },
  {
    fault: "watch ends at its timeout",
    why: "goes on from its position, by no list; at once only if it lived for a second",
    during: (api) => api.endWatches("end"),
    failures: [],
    lists: 1,
    requests: ["stream", "watch"],
  },
  {
    fault: "connection reset",
    why: "the position is good",
    during: (api) => api.endWatches("reset"),
    failures: ["cut"],
    lists: 1,
    requests: ["stream", "watch"],
  },
  {
    fault: "cut in the middle of a line",
    why: "half an event is no event: it comes again from the position before it",
    during: (api) => {
      api.write('{"type":"MODIFIED","object":{"meta');
      api.endWatches("end");
    },
    failures: ["cut"],
    lists: 1,
    requests: ["stream", "watch"],
  },
  {
    fault: "410 to a watch",
    why: "history is gone: list anew",
    during: (api) => {
      api.compact();
      api.endWatches("end");
    },
    failures: ["expired"],
    lists: 2,
    requests: ["stream", "watch", "stream"],
  },
  {
    fault: "410 in the stream",
    why: "told as an event of type ERROR",
    during: (api) => api.write(errorLine(410, "Expired")),
    failures: ["expired"],
    lists: 2,
    requests: ["stream", "stream"],
  },
  {
    fault: "reason Gone without a code",
    why: "older servers tell it by reason alone",
    during: (api) => api.write(errorLine(0, "Gone")),
    failures: ["expired"],
    lists: 2,
    requests: ["stream", "stream"],
  },
  {
    fault: "500 in the stream",
    why: "not about the position",
    during: (api) => api.write(errorLine(500, "InternalError")),
    failures: ["server"],
    lists: 1,
    requests: ["stream", "watch"],
  },
  {
    fault: "a position refused three times",
    why: "after a restored etcd it lies in the future",
    during: (api) => {
      api.fail("watch", ...twice(status(504, "Too large resource version")), status(504, "Too large resource version"));
      api.endWatches("end");
    },
    failures: ["timeout", "timeout", "timeout"],
    lists: 2,
    requests: ["stream", "watch", "watch", "watch", "stream"],
  },
  {
    fault: "503 five times",
    why: "an API server that starts; the position is good",
    during: (api) => {
      api.fail("watch", ...Array.from({ length: 5 }, () => status(503, "not ready")));
      api.endWatches("end");
    },
    failures: ["server", "server", "server", "server", "server"],
    lists: 1,
    requests: ["stream", "watch", "watch", "watch", "watch", "watch", "watch"],
  },
  {
    fault: "garbage in the stream",
    why: "nobody knows what was lost",
    during: (api) => api.write("<html>\n"),
    failures: ["undecodable"],
    lists: 2,
    requests: ["stream", "stream"],
  },
  {
    fault: "an event without an object",
    why: "as bad as garbage",
    during: (api) => api.write('{"type":"ADDED"}\n'),
    failures: ["undecodable"],
    lists: 2,
    requests: ["stream", "stream"],
  },
  {
    fault: "a line over the limit",
    why: "memory is bounded",
    tuning: { maxLineBytes: 1_000 },
    during: (api) => api.write("x".repeat(1_001)),
    failures: ["undecodable"],
    lists: 2,
    requests: ["stream", "stream"],
  },
  {
    fault: "half-open connection",
    why: "a watch silent for longer than bookmarks are apart is cut",
    tuning: { idleMs: 2_000 },
    during: (api) => api.freeze(),
    failures: ["silent"],
    lists: 1,
    requests: ["stream", "watch"],
  },
  {
    fault: "429 with Retry-After",
    why: "waits as long as it is told",
    before: (api) => api.fail("stream", status(429, "too many requests", { "retry-after": "7" })),
    failures: ["throttled"],
    lists: 1,
    requests: ["stream", "stream"],
  },
  {
    fault: "503",
    why: "starting up or shutting down",
    before: (api) => api.fail("stream", status(503, "not ready")),
    failures: ["server"],
    lists: 1,
    requests: ["stream", "stream"],
  },
  {
    fault: "no answer",
    why: "the head of an answer is bounded too",
    tuning: { answerMs: 1_000 },
    before: (api) => api.fail("stream", mute),
    failures: ["silent"],
    lists: 1,
    requests: ["stream", "list", "watch"],
  },
  {
    fault: "a streamed list falls silent",
    why: "its middle is bounded as a page is; pages the next time",
    tuning: { answerMs: 1_000 },
    before: (api) =>
      api.fail("stream", (response) => {
        response.flushHeaders();
        response.write(added("ghost"));
      }),
    failures: ["silent"],
    lists: 1,
    requests: ["stream", "list", "watch"],
  },
  {
    fault: "streamed lists not supported",
    why: "pages instead, and no failure",
    before: (api) => {
      api.streamsLists = false;
    },
    failures: [],
    lists: 1,
    requests: ["stream", "list", "watch"],
  },
  {
    fault: "streamed lists not known",
    why: "a server that ignores the parameter tells some objects, then an ordinary bookmark",
    before: (api) =>
      api.fail(
        "stream",
        endAfter(`${added("ghost")}{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"5"}}}\n`),
      ),
    failures: [],
    lists: 1,
    requests: ["stream", "list", "watch"],
  },
  {
    fault: "streamed list cut",
    why: "half a list is no list; pages the next time",
    before: (api) => api.fail("stream", cutAfter(added("ghost"))),
    failures: ["cut"],
    lists: 1,
    requests: ["stream", "list", "watch"],
  },
  {
    fault: "streamed list ended early",
    why: "no bookmark, no list",
    before: (api) => api.fail("stream", endAfter(added("ghost"))),
    failures: ["cut"],
    lists: 1,
    requests: ["stream", "list", "watch"],
  },
  {
    fault: "page cut",
    why: "the list begins anew; a list that worked lets the next be streamed again",
    before: (api) => {
      api.fail("stream", cutAfter(added("ghost")));
      api.fail("list", reset);
    },
    during: (api) => api.write("garbage\n"),
    failures: ["cut", "unreachable", "undecodable"],
    lists: 2,
    requests: ["stream", "list", "list", "watch", "stream"],
  },
  {
    fault: "a page that is no list",
    why: "a proxy's page with status 200",
    before: (api) => {
      api.streamsLists = false;
      api.fail("list", endAfter("<html>"));
    },
    failures: ["undecodable"],
    lists: 1,
    requests: ["stream", "list", "list", "watch"],
  },
  {
    fault: "bookmarks off",
    why: "positions come with events alone",
    before: (api) => {
      api.sendsBookmarks = false;
    },
    during: (api) => {
      api.put("rose", "red");
      api.endWatches("end");
    },
    failures: [],
    lists: 1,
    requests: ["stream", "watch"],
  },
  {
    fault: "401",
    why: "the next request shows fresh credentials",
    before: (api) => api.fail("stream", status(401, "Unauthorized")),
    failures: ["unauthenticated"],
    lists: 1,
    requests: ["stream", "stream"],
  },
  {
    fault: "403",
    why: "somebody has to grant it first",
    before: (api) => api.fail("stream", status(403, 'widgets is forbidden: User "x" cannot watch')),
    failures: ["forbidden"],
    lists: 1,
    requests: ["stream", "stream"],
  },
  {
    fault: "404",
    why: "somebody has to install it first",
    before: (api) => api.fail("stream", status(404, "page not found")),
    failures: ["absent"],
    lists: 1,
    requests: ["stream", "stream"],
  },
  {
    fault: "server away",
    why: "nothing listens, then it is back",
    during: async (api) => {
      await api.close();
      await api.open();
    },
    failures: ["cut"],
    lists: 1,
    requests: ["stream", "watch"],
  },
];

for (const { fault, why, before, during, tuning, failures, lists, requests } of rows)
  test(`${fault}: ${why}`, async () => {
    const api = new FakeApi();
    api.put("rose", "white");
    api.put("lily", "white");
    await api.open();
    const observed = new ObservedReflector(plainAccess(api.url), tuning);
    try {
      before?.(api);
      observed.reflector.start();
      await until("synced and watching", () => observed.reflector.state === "watching" && api.openWatches === 1);
      await during?.(api);
      await until("everything asked", () => api.requests.length === requests.length && api.openWatches === 1);
      api.put("tulip", "black");
      api.remove("lily");
      await until("what was delivered adds up", () => "tulip" in observed.colours && !("lily" in observed.colours));
      assert.deepEqual(observed.colours, api.colours);
      const told = observed.failures
        .map(({ code }) => code)
        .filter((code) => !(fault === "server away" && code === "unreachable"));
      assert.deepEqual(told, failures);
      assert.equal(observed.lists, lists);
      assert.deepEqual(
        api.requests.map(({ kind }) => kind),
        requests,
      );
      assert.equal(observed.reflector.staleness, undefined);
      assert.deepEqual(observed.thrown, []);
    } finally {
      await observed.stop();
      await api.close();
    }
  });
