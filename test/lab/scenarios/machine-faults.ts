/** What the machine does to Signalbox: its clock is set, it may open few files, its disk is full, it does not get to run. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { signalboxOf } from "../gateway/gateway.ts";
import type { Circumstances, Signalbox } from "../gateway/signalbox.ts";
import { followed } from "./followed.ts";
import { keepsHostnames } from "./keeps-hostnames.ts";
import { updateAll } from "./rollouts.ts";
import type { Scenario, Stage } from "./scenario.ts";

interface Machine {
  readonly signalbox: Signalbox;
  /** Signalbox has it for itself. */
  readonly folder: string;
}

/** With Signalbox in these circumstances until `disturb` is over. */
async function onMachine(
  stage: Stage,
  circumstances: (folder: string) => Circumstances,
  disturb: (machine: Machine) => Promise<void>,
): Promise<void> {
  const { signalbox } = signalboxOf(stage.lab.gateway);
  const folder = await mkdtemp(join(tmpdir(), "signalbox-machine-"));
  try {
    await signalbox.restartIn(circumstances(folder));
    await followed(stage);
    await keepsHostnames(stage, () => disturb({ signalbox, folder }));
    await signalbox.restartIn({});
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function rollOut(stage: Stage): Promise<void> {
  await updateAll(stage);
  await stage.lab.deployments.settled(stage.names);
}

const HOUR_MS = 3_600_000;

/** Saved as often as can be, so that saving falls among the rest. */
const saved = (folder: string) => ({ file: join(folder, "state"), everyMs: 1_000 });

/** More than are taken with 100 descriptors. */
const CROWD = 200;

export const MACHINE_FAULTS: readonly Scenario[] = [
  {
    name: "clock-jumps",
    about: "signalbox",
    what: "the wall clock of Signalbox is an hour fast, then an hour slow, then a day fast, set in the middle of a rollout of everything each time",
    promised: "nothing",
    run: (stage) =>
      onMachine(
        stage,
        (folder) => ({
          saved: saved(folder),
          env: {
            NODE_OPTIONS: `--import=${join(import.meta.dirname, "../gateway/shifted-clock.ts")}`,
            SHIFT_FILE: join(folder, "shift"),
          },
        }),
        async ({ signalbox, folder }) => {
          for (const shiftMs of [HOUR_MS, -HOUR_MS, 24 * HOUR_MS]) {
            await writeFile(join(folder, "shift"), String(shiftMs));
            await updateAll(stage);
            await sleep(200);
            signalbox.signal("SIGUSR2");
            await stage.lab.deployments.settled(stage.names);
            await savedWith(folder, shiftMs);
          }
        },
      ),
  },
  {
    name: "descriptors-used-up",
    about: "signalbox",
    what: "Signalbox may open 100 files, and 200 clients connect and stay, in the middle of a rollout of everything",
    promised: "nothing",
    run: (stage) =>
      onMachine(
        stage,
        (folder) => ({ saved: saved(folder), script: 'ulimit -n 100; exec "$@"' }),
        async ({ signalbox }) => {
          await updateAll(stage);
          await sleep(200);
          const sockets: Socket[] = Array.from({ length: CROWD }, () => connect(signalbox.xdsPort, signalbox.address));
          for (const socket of sockets) socket.on("error", () => undefined);
          await stage.lab.deployments.settled(stage.names);
          await rollOut(stage);
          const answers = (await signalbox.admin("/readyz")).ok;
          for (const socket of sockets) socket.destroy();
          if (!answers) throw new Error("the admin port does not answer");
        },
      ),
  },
  {
    name: "disk-full",
    about: "signalbox",
    what: "the disk of the saved state has no room for it, during two rollouts of everything",
    promised: "nothing",
    run: (stage) =>
      onMachine(
        stage,
        // Blocks of 512 bytes. What a full disk itself does to the file is in test/serve/full-disk.test.ts.
        (folder) => ({ saved: saved(folder), script: 'ulimit -f 4; exec "$@"' }),
        async ({ signalbox }) => {
          for (let i = 0; i < 2; i++) await rollOut(stage);
          const metrics = await (await signalbox.admin("/metrics")).text();
          if (!/^signalbox_saved_states_total\{result="failed"\} [1-9]/m.test(metrics))
            throw new Error("no state failed to be saved");
        },
      ),
  },
  {
    name: "signalbox-frozen",
    about: "signalbox",
    what: "Signalbox, the only replica, does not run for 30 s (SIGSTOP), during a rollout of everything",
    promised: "measured",
    cause:
      "while it does not run, old replicas are unbound and new ones are not known; what it missed comes within a second of its going on",
    run: (stage) =>
      onMachine(
        stage,
        () => ({}),
        async ({ signalbox }) => {
          await updateAll(stage);
          await sleep(200);
          signalbox.signal("SIGSTOP");
          await sleep(30_000);
          signalbox.signal("SIGCONT");
          await stage.lab.deployments.settled(stage.names);
          await rollOut(stage);
        },
      ),
  },
];

/** Fulfilled when a state was saved by this clock. @throws when none was within 10 s. */
async function savedWith(folder: string, shiftMs: number): Promise<void> {
  for (const until = performance.now() + 10_000; performance.now() < until; await sleep(50)) {
    const [head = ""] = (await readFile(join(folder, "state"), "utf8").catch(() => "")).split("\n");
    const savedAtMs = Number(/"savedAtMs":(\d+)/.exec(head)?.[1]);
    if (Math.abs(savedAtMs - Date.now() - shiftMs) < HOUR_MS / 2) return;
  }
  throw new Error(`no state was saved with the clock off by ${shiftMs} ms`);
}
