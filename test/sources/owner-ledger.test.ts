import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnerLedger } from "../../src/sources/owner-ledger.ts";

const GONE = { gone: true, goneDeployment: undefined };
const HERE = { gone: false, goneDeployment: undefined };
const owned = (key: string, owner: string | undefined, uid = key) => ({
  key,
  uid,
  owner: owner === undefined ? undefined : { namespace: "shop", uid: owner },
});

interface Row {
  readonly why: string;
  readonly story: (ledger: OwnerLedger) => void;
  readonly verdict: { readonly gone: boolean; readonly goneDeployment: string | undefined };
  /** Whether a new list would decide something. */
  readonly undecided: boolean;
}

const rows: readonly Row[] = [
  {
    why: "its ReplicaSet was seen deleted, and its deployment is remembered",
    story: (l) => {
      l.ownerSeen("rs", "cart");
      l.workloadSeen(owned("w", "rs"), 1);
      l.ownerDeleted("rs");
    },
    verdict: { gone: true, goneDeployment: "cart" },
    undecided: false,
  },
  {
    why: "a ReplicaSet that came and went between two looks tells its deployment with its going",
    story: (l) => {
      l.workloadSeen(owned("w", "rs"), 1);
      l.ownerDeleted("rs", "cart");
    },
    verdict: { gone: true, goneDeployment: "cart" },
    undecided: false,
  },
  {
    why: "a ReplicaSet nobody has seen yet may be about to come",
    story: (l) => l.workloadSeen(owned("w", "rs"), 1),
    verdict: HERE,
    undecided: true,
  },
  {
    why: "a list requested before the workload was seen may be older than its ReplicaSet",
    story: (l) => {
      l.workloadSeen(owned("w", "rs"), 5);
      l.ownersListed(4, undefined);
    },
    verdict: HERE,
    undecided: true,
  },
  {
    why: "a list requested after that would have shown it",
    story: (l) => {
      l.workloadSeen(owned("w", "rs"), 5);
      l.ownersListed(6, undefined);
    },
    verdict: GONE,
    undecided: false,
  },
  {
    why: "the first sighting counts, not the last",
    story: (l) => {
      l.workloadSeen(owned("w", "rs"), 5);
      l.workloadSeen(owned("w", "rs"), 9);
      l.ownersListed(6, undefined);
    },
    verdict: GONE,
    undecided: false,
  },
  {
    why: "one workload seen early enough decides for all of its ReplicaSet",
    story: (l) => {
      l.workloadSeen(owned("other", "rs"), 1);
      l.workloadSeen(owned("w", "rs"), 9);
      l.ownersListed(6, undefined);
    },
    verdict: GONE,
    undecided: false,
  },
  {
    why: "a workload made anew under its name is another workload",
    story: (l) => {
      l.workloadSeen(owned("w", "rs", "old"), 1);
      l.workloadSeen(owned("w", "rs", "new"), 9);
      l.ownersListed(6, undefined);
    },
    verdict: HERE,
    undecided: true,
  },
  {
    why: "a list of another namespace says nothing",
    story: (l) => {
      l.workloadSeen(owned("w", "rs"), 5);
      l.ownersListed(6, "bank");
    },
    verdict: HERE,
    undecided: true,
  },
  {
    why: "a ReplicaSet that is here is not gone, whatever was listed",
    story: (l) => {
      l.workloadSeen(owned("w", "rs"), 5);
      l.ownerSeen("rs", "cart");
      l.ownersListed(6, undefined);
    },
    verdict: HERE,
    undecided: false,
  },
  {
    why: "one that comes back is here again: etcd was restored",
    story: (l) => {
      l.workloadSeen(owned("w", "rs"), 5);
      l.ownerSeen("rs", "cart");
      l.ownerDeleted("rs");
      l.ownerSeen("rs", "cart");
    },
    verdict: HERE,
    undecided: false,
  },
  {
    why: "a ReplicaSet of another uid is another ReplicaSet",
    story: (l) => {
      l.ownerSeen("new", "cart");
      l.workloadSeen(owned("w", "old"), 1);
      l.ownersListed(2, undefined);
    },
    verdict: GONE,
    undecided: false,
  },
  {
    why: "a standalone workload has nothing to outlive",
    story: (l) => {
      l.workloadSeen(owned("w", undefined), 1);
      l.ownersListed(2, undefined);
    },
    verdict: HERE,
    undecided: false,
  },
  {
    why: "a workload that changes its owner leaves the former one's fate",
    story: (l) => {
      l.workloadSeen(owned("w", "old"), 1);
      l.ownerSeen("new", "cart");
      l.workloadSeen(owned("w", "new"), 2);
      l.ownerDeleted("old");
    },
    verdict: HERE,
    undecided: false,
  },
  {
    why: "what is gone with its last workload is forgotten",
    story: (l) => {
      l.workloadSeen(owned("w", "rs"), 1);
      l.ownersListed(2, undefined);
      l.workloadGone("w");
      l.workloadSeen(owned("w", "rs"), 3);
    },
    verdict: HERE,
    undecided: true,
  },
];
for (const { why, story, verdict, undecided } of rows)
  test(why, () => {
    const ledger = new OwnerLedger();
    story(ledger);
    assert.deepEqual(ledger.verdictOf("w"), verdict);
    assert.deepEqual([...ledger.undecided], undecided ? ["shop"] : []);
  });

test("what is told of an owner gives the workloads it changes, and only once", () => {
  const ledger = new OwnerLedger();
  ledger.ownerSeen("rs", "cart");
  ledger.workloadSeen(owned("a", "rs"), 1);
  ledger.workloadSeen(owned("b", "rs"), 1);
  assert.deepEqual(ledger.ownerSeen("rs", "cart"), []);
  assert.deepEqual(ledger.ownerDeleted("rs"), ["a", "b"]);
  assert.deepEqual(ledger.ownerDeleted("rs"), []);
  assert.deepEqual(ledger.ownersListed(9, undefined), []);
  assert.deepEqual(ledger.ownerSeen("rs", "cart"), ["a", "b"]);
});
