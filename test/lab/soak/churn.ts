/** What happens in a soak, over and over: each event ends as it began but for the hostnames, which are new ones every time. */

import { setTimeout as sleep } from "node:timers/promises";
import type { CrowdCalls } from "../../bench/fanout/crowd-process.ts";
import { startRemote } from "../../bench/remote.ts";
import { type App, hostnameOf, NAMESPACE } from "../cluster/deployments.ts";
import { signalboxOf } from "../gateway/gateway.ts";
import { answersEverywhere } from "../scenarios/answers-everywhere.ts";
import { scenariosNamed } from "../scenarios/catalogue.ts";
import type { Promised, Stage } from "../scenarios/scenario.ts";
import { sumOf } from "./figures.ts";

export interface Trouble {
  readonly name: string;
  readonly what: string;
  readonly promised: Promised;
  /** Comes with each event whose number this divides, unless a rarer one does. */
  readonly every: number;
}

interface Happening extends Trouble {
  readonly run: (churn: Churn, number: number) => Promise<void>;
}

/** A scenario of the laboratory, as it is. */
function scenario(name: string, every: number): Happening {
  const [found] = scenariosNamed([name]);
  if (found === undefined) throw new Error(`there is no scenario ${name}`);
  const { what, promised, run } = found;
  return { name, what, promised, every, run: (churn) => run(churn.stage) };
}

const planned = (
  name: string,
  every: number,
  what: string,
  run: (churn: Churn, number: number) => Promise<void>,
): Happening => ({ name, what, promised: "nothing", every, run });

/** Rarest first; periods are primes, so that none takes another's turn for long. */
const HAPPENINGS: readonly Happening[] = [
  scenario("history-forgotten", 211),
  scenario("api-server-restart", 157),
  scenario("operator-restart", 127),
  scenario("host-killed", 97),
  scenario("host-restarted-in-place", 73),
  scenario("configuration-reload", 53),
  planned("envoy", 29, "an Envoy leaves its balancer, drains, restarts and comes back", (churn, n) =>
    churn.restartEnvoy(n),
  ),
  planned("crowd", 7, "20 more proxies connect, are given everything, and are gone without a word", (churn) =>
    churn.crowd(),
  ),
  planned("scale", 5, "a deployment from 2 replicas to 4 and back", (churn, n) => churn.scale(n)),
  planned("line", 3, "the xDS connections of all Envoys break, and Envoys connect again", (churn) =>
    churn.breakLines(),
  ),
  planned(
    "come-and-go",
    2,
    "a deployment with a new hostname comes and is under load; the oldest of five such goes",
    (churn) => churn.comeAndGo(),
  ),
  planned("rollout", 1, "rolling update of a deployment", (churn, n) => churn.update(n)),
];

export const TROUBLES: readonly Trouble[] = HAPPENINGS;

/** Deployments that came and have not gone yet, at most. */
const GUESTS = 5;
const CROWD = 20;
const GROWN = 4;
/** Envoys wait for up to 2 s before they ask again; the rest is for a busy machine. */
const RECONNECT_MS = 60_000;
/** No request lasts longer, but those that hang. */
const LONGEST_REQUEST_MS = 3_000;

export class Churn {
  readonly stage: Stage;
  readonly #guests: App[] = [];
  #came = 0;

  constructor(stage: Stage) {
    this.stage = stage;
  }

  /** Which event this number is; numbers count from 1. */
  static troubleOf(number: number): Trouble {
    return happeningOf(number);
  }

  /** Fulfilled when everything that can settle has. */
  async happen(number: number): Promise<void> {
    await happeningOf(number).run(this, number);
  }

  /** Everything that came goes. */
  async undo(): Promise<void> {
    while (this.#guests.length > 0) await this.#go();
  }

  async update(number: number): Promise<void> {
    const app = this.#inTurn(number);
    await this.stage.lab.deployments.update(app);
    await this.stage.lab.deployments.settled([app.name]);
  }

  async scale(number: number): Promise<void> {
    const { deployments } = this.stage.lab;
    const { name, replicas } = this.#inTurn(number);
    for (const wanted of [GROWN, replicas]) {
      await deployments.scale(name, wanted);
      await deployments.settled([name]);
    }
  }

  async comeAndGo(): Promise<void> {
    const { lab } = this.stage;
    this.#came += 1;
    const app: App = { name: `app-guest${this.#came}`, replicas: 2 };
    this.#guests.push(app);
    await lab.deployments.create(app);
    await answersEverywhere(lab, hostnameOf(app.name));
    await lab.load.include({ hostname: hostnameOf(app.name), served: `${NAMESPACE}/${app.name}` });
    await lab.deployments.settled([app.name]);
    if (this.#guests.length > GUESTS) await this.#go();
  }

  async #go(): Promise<void> {
    const { lab } = this.stage;
    const oldest = this.#guests.shift();
    if (oldest === undefined) return;
    await lab.load.exclude(hostnameOf(oldest.name));
    await sleep(LONGEST_REQUEST_MS);
    await lab.deployments.delete(oldest.name);
    const gone = () =>
      lab.watched.workloads.all().every(({ metadata }) => !metadata.name.startsWith(`${oldest.name}-`));
    await lab.watched.until(`${oldest.name} is gone`, gone, 120_000);
  }

  /** All but the first, whose memory is followed. */
  async restartEnvoy(number: number): Promise<void> {
    const { lab } = this.stage;
    const [, ...envoys] = signalboxOf(lab.gateway).envoys;
    const envoy = envoys[number % envoys.length];
    if (envoy === undefined) return;
    await lab.load.leave(envoy.kind.name);
    await envoy.drain();
    await envoy.stop();
    await envoy.start();
    await lab.load.enter(envoy.door);
  }

  /** Fulfilled when each has connected again and has acknowledged everything. */
  async breakLines(): Promise<void> {
    const { signalboxes, signalbox } = signalboxOf(this.stage.lab.gateway);
    const read = async () => {
      const metrics = await (await signalbox.admin("/metrics")).text();
      const connected = sumOf(metrics, "signalbox_xds_connections_total");
      return { connected, current: sumOf(metrics, "signalbox_proxies_current") };
    };
    const before = await read();
    const broken = signalboxes.breakLines();
    if (broken === 0) throw new Error("no Envoy is connected by a line that can be broken");
    this.stage.lab.timeline.note("lab", `the xDS connections of ${broken} Envoys break`);
    for (const bound = performance.now() + RECONNECT_MS; ; await sleep(50)) {
      const { connected, current } = await read();
      if (connected >= before.connected + broken && current === broken) return;
      if (performance.now() > bound)
        throw new Error(`${current} of ${broken} Envoys are back after ${RECONNECT_MS} ms`);
    }
  }

  async crowd(): Promise<void> {
    const { signalbox } = signalboxOf(this.stage.lab.gateway);
    const crowd = startRemote<CrowdCalls>("fanout/crowd-process.ts");
    try {
      await crowd.ask("open", { target: { port: signalbox.xdsPort, tls: undefined }, count: CROWD });
    } finally {
      await crowd.stop();
    }
  }

  #inTurn(number: number): App {
    const { apps } = this.stage;
    const app = apps[number % apps.length];
    if (app === undefined) throw new Error("nothing is deployed");
    return app;
  }
}

function happeningOf(number: number): Happening {
  const found = HAPPENINGS.find(({ every }) => number % every === 0);
  if (found === undefined) throw new Error(`${number} is no number of an event`);
  return found;
}
