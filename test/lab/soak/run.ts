/** One soak: events one after the other, samples beside them, and now and then a rest. Everything goes to the journal at once. */
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { rssBytes } from "../../bench/process-cost.ts";
import { hostnameOf, NAMESPACE } from "../cluster/deployments.ts";
import { conditionOf } from "../cluster/objects.ts";
import { doorsOf, signalboxOf } from "../gateway/gateway.ts";
import { REQUEST_KINDS } from "../load/request-kind.ts";
import type { Stage } from "../scenarios/scenario.ts";
import { wallMs } from "../wall-clock.ts";
import { Churn } from "./churn.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { collectEverything, INSPECTOR_LINE } from "./full-collection.ts";
import type { Journal, SoakPlan } from "./journal.ts";
import { Tally } from "./tally.ts";

const REST_BOUND_MS = 180_000;

/** Fulfilled when the time is over and the last rest was taken. @throws when Signalbox has died, or does not answer. An event that goes wrong is written down. */
export async function soak(
  stage: Stage,
  plan: SoakPlan,
  journal: Journal,
  tell: (text: string) => void,
): Promise<void> {
  const { lab, names } = stage;
  const listening = lab.timeline.matching(INSPECTOR_LINE, 0).at(-1); // of the Signalbox that was started last
  const inspectorUrl = INSPECTOR_LINE.exec(listening?.text ?? "")?.[1];
  if (inspectorUrl === undefined) throw new Error("Signalbox was started without an inspector: --inspect=127.0.0.1:0");
  const sites = names.map((name) => ({ hostname: hostnameOf(name), served: `${NAMESPACE}/${name}` }));
  await lab.load.start(sites, doorsOf(lab.gateway), REQUEST_KINDS);
  journal.write({ entry: "plan", at: wallMs(), ...plan });
  const run = new Run(stage, plan, { journal, tell, inspectorUrl });
  await Promise.all([run.happening(), run.sampling()]);
  await lab.load.stop();
}

interface Told {
  readonly journal: Journal;
  readonly tell: (text: string) => void;
  readonly inspectorUrl: string;
}

class Run {
  readonly #stage: Stage;
  readonly #plan: SoakPlan;
  readonly #told: Told;
  readonly #churn: Churn;
  readonly #tally: Tally;
  #events = 0;
  #over = false;

  constructor(stage: Stage, plan: SoakPlan, told: Told) {
    this.#stage = stage;
    this.#plan = plan;
    this.#told = told;
    this.#churn = new Churn(stage);
    this.#tally = new Tally(stage.lab);
  }

  async happening(): Promise<void> {
    const { ms, restMs, eventMs, leastEvents } = this.#plan;
    const end = wallMs() + ms;
    await this.#rest();
    for (let nextRest = wallMs() + restMs; wallMs() < end || this.#events < leastEvents; ) {
      const began = wallMs();
      await this.#event();
      await sleep(Math.max(0, began + eventMs - wallMs()));
      if (wallMs() < nextRest || wallMs() + restMs / 2 > end) continue;
      await this.#rest();
      nextRest += restMs;
    }
    await this.#rest();
    this.#over = true;
  }

  async #event(): Promise<void> {
    this.#events += 1;
    const { name, promised } = Churn.troubleOf(this.#events);
    const happening = this.#tally.happens({ name, promised });
    const at = wallMs();
    const error = await this.#churn.happen(this.#events).then(
      () => undefined,
      (cause: unknown) => String(cause),
    );
    happening.over();
    const tookMs = wallMs() - at;
    this.#told.journal.write({ entry: "event", at, name, tookMs, ...(error === undefined ? {} : { error }) });
    if (error !== undefined) this.#told.tell(`${name}: ${error}`);
  }

  /** Everything that came goes; what is left then is written down, whether it is what it should be or not. */
  async #rest(): Promise<void> {
    const { journal, tell, inspectorUrl } = this.#told;
    const { signalbox } = signalboxOf(this.#stage.lab.gateway);
    await this.#churn.undo();
    for (const bound = wallMs() + REST_BOUND_MS; !(await this.#isUndone()) && wallMs() < bound; ) await sleep(200);
    await sleep(this.#plan.calmMs);
    await collectEverything(inspectorUrl);
    const figures = await figuresOf(signalbox);
    journal.write({ entry: "rest", at: wallMs(), signalbox: figures, events: this.#events });
    tell(restText(figures, this.#events));
  }

  async #isUndone(): Promise<boolean> {
    const { lab, apps } = this.#stage;
    const { signalbox, envoys } = signalboxOf(lab.gateway);
    const { deployments, workloads, hosts } = lab.watched;
    if (deployments.all().length !== apps.length) return false;
    if (workloads.all().length !== apps.reduce((sum, { replicas }) => sum + replicas, 0)) return false;
    if (hosts.all().length !== lab.hosts.length) return false;
    if (hosts.all().some((host) => conditionOf(host, "Ready") !== "True")) return false;
    const { hostnames, proxies } = await figuresOf(signalbox);
    return hostnames === apps.length && proxies === envoys.length;
  }

  async sampling(): Promise<void> {
    const { signalbox, envoys } = signalboxOf(this.#stage.lab.gateway);
    while (!this.#over) {
      await sleep(this.#plan.sampleMs);
      const { requests, failures } = await this.#tally.take();
      for (const failure of failures) {
        this.#told.journal.write({ entry: "failure", ...failure });
        if (failure.broken)
          this.#told.tell(
            `lab/${failure.id} ${failure.request}: ${failure.words}, during ${failure.during.join(", ")}`,
          );
      }
      this.#told.journal.write({
        entry: "sample",
        at: wallMs(),
        signalbox: await figuresOf(signalbox),
        envoys: Object.fromEntries(envoys.flatMap((envoy) => residentOf(envoy))),
        requests,
        machineLoad: loadavg()[0] ?? 0,
      });
    }
  }
}

/** Nothing for one that is not running. */
function residentOf({ kind, pid }: { readonly kind: { readonly name: string }; readonly pid: number }) {
  try {
    return [[kind.name, rssBytes(pid)] as const];
  } catch {
    return [];
  }
}

const MIB = 1024 ** 2;

function restText(
  { rssBytes: rss, heapUsedBytes, externalBytes, descriptors, streams, hostnames }: Figures,
  events: number,
): string {
  const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;
  return `after ${events} events: ${mib(heapUsedBytes)} alive, ${mib(externalBytes)} beside the heap, RSS ${mib(rss)}, ${descriptors} descriptors, ${streams} streams, ${hostnames} hostnames`;
}
