/** The command `serve`: the control plane as a process. */
import { resolve } from "node:path";
import { type Logger, pino } from "pino";
import { type AdminHttp, serveAdminHttp } from "../admin/http.ts";
import { routesOf } from "../admin/routes.ts";
import type { AdminServiceOptions, RunningAdminService } from "../admin/service.ts";
import { command } from "../cli/command.ts";
import { configOption } from "../cli/config-option.ts";
import { Refusal } from "../cli/refusal.ts";
import { packageVersion } from "../cli/version.ts";
import type { Settings } from "../config/settings.ts";
import { type Reload, readSettings, watchSettings } from "../config/watch.ts";
import { ApiError } from "../kubernetes/failure.ts";
import { problemText, subjectText } from "../placement/problem.ts";
import { addressText } from "../sources/address.ts";
import { bindWords } from "../xds/listen.ts";
import { ControlPlane } from "./control-plane.ts";
import { objectSource, type Sources } from "./object-source.ts";
import { Story } from "./story.ts";
import { keepYoungGenerationSmall } from "./young-generation.ts";

/** How long proxies have to go elsewhere when we stop, in ms. Envoy reconnects within one; Kubernetes kills after 30 s. */
const DRAIN_MS = 5_000;

export const serveCommand = command({
  name: "serve",
  operands: "",
  arity: { min: 0, max: 0 },
  options: {
    config: { ...configOption("the configuration; followed while it runs"), default: "signalbox.yaml" },
  },
  examples: [["signalbox serve --config signalbox.yaml", "serves until SIGTERM or Ctrl-C"]],
  notes:
    "The log is JSON on standard output, a line per event. SIGTERM tells proxies to go elsewhere and ends within five seconds.\nEvery option of the configuration is in docs/configuration.md.",
  run: async ({ options }, terminal) => {
    keepYoungGenerationSmall();
    const file = resolve(terminal.cwd, options.config);
    const loaded = await readSettings(file);
    if ("problems" in loaded) {
      for (const problem of loaded.problems) terminal.err(problemText(problem));
      throw new Refusal(`${file} is not a configuration Signalbox can run`, "Correct what is told above");
    }
    const { settings } = loaded;
    const log = pino({ level: settings.log.level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
    endOnBugs(log);
    const version = packageVersion();
    log.info({ version, config: file }, "Signalbox starts");
    const running = await start(settings, file, version, log, terminal.env);
    if (!terminal.stop.aborted)
      await new Promise((done) => terminal.stop.addEventListener("abort", done, { once: true }));
    log.info({ drainMs: DRAIN_MS }, "stopping: proxies are told to go elsewhere");
    await running.stop();
    log.info("stopped");
    return 0;
  },
});

/** An error nobody handled leaves a state nobody knows: the process ends, says so, and is started again by whoever runs it. Envoys keep what they have. */
function endOnBugs(log: Logger): void {
  const end = (err: unknown): void => {
    log.fatal({ err }, "this is a bug in Signalbox; the process ends. Please report it with this line");
    process.exit(1);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}

interface Running {
  readonly stop: () => Promise<void>;
}

async function start(
  settings: Settings,
  file: string,
  version: string,
  log: Logger,
  env: NodeJS.ProcessEnv,
): Promise<Running> {
  const story = new Story(log, () => performance.now());
  const plane = new ControlPlane(settings, { ...(await sourceOf(settings, env, log)), log, story, version });
  plane.metrics.reloaded("applied");
  const admin = await listenAdmin(plane, settings, log);
  let port: number;
  try {
    port = await plane.start();
  } catch (error) {
    await admin.close();
    await plane.stop(0);
    throw error instanceof Refusal ? error : new Refusal("The source cannot be read", words(error), { cause: error });
  }
  log.info(
    {
      xds: addressText({ ...settings.xds.address, port }),
      admin: admin.address,
      fleets: settings.fleets.map((fleet) => fleet.name),
    },
    "listening",
  );
  const watch = watchSettings(file, settings, (reload) => take(reload, plane, log));
  return {
    stop: async () => {
      await watch.close();
      await plane.stop(DRAIN_MS);
      await admin.close();
    },
  };
}

async function sourceOf(settings: Settings, env: NodeJS.ProcessEnv, log: Logger): Promise<Sources> {
  try {
    return await objectSource(settings.source, env, log);
  } catch (error) {
    if (error instanceof ApiError) throw new Refusal(error.failure.cause, error.failure.remedy, { cause: error });
    throw error;
  }
}

function take(reload: Reload, plane: ControlPlane, log: Logger): void {
  if (reload.kind === "rejected") {
    plane.metrics.reloaded("refused");
    for (const problem of reload.problems)
      log.error(
        { problem: problem.code, at: problem.place ?? subjectText(problem.subject), remedy: problem.remedy },
        `configuration not taken: ${problem.cause}`,
      );
    return;
  }
  plane.reconfigure(reload.settings);
  log.level = reload.settings.log.level;
  plane.metrics.reloaded("applied");
  log.info({ fleets: reload.settings.fleets.map((fleet) => fleet.name) }, "configuration reloaded");
  if (reload.restart.length > 0) log.warn({ options: reload.restart }, "these options take effect at the next start");
}

interface ListeningAdmin {
  readonly address: string;
  readonly close: () => Promise<void>;
}

async function listenAdmin(plane: ControlPlane, settings: Settings, log: Logger): Promise<ListeningAdmin> {
  const { address, grpcAddress } = settings.admin;
  const onError = (path: string, err: unknown): void =>
    log.error({ path, err }, "an admin answer failed; this is a bug in Signalbox");
  let http: AdminHttp;
  let service: RunningAdminService | undefined;
  try {
    http = await serveAdminHttp({ address, routes: routesOf(plane.model, () => plane.metrics.exposition()), onError });
  } catch (error) {
    throw taken("admin.address", addressText(address), error);
  }
  if (grpcAddress !== undefined)
    try {
      service = await adminService({ address: addressText(grpcAddress), model: plane.model, onError }, log);
    } catch (error) {
      await http.close();
      throw taken("admin.grpcAddress", addressText(grpcAddress), error);
    }
  return {
    address: addressText({ ...address, port: http.port }),
    close: async () => {
      service?.close();
      await http.close();
    },
  };
}

/** grpc-js is loaded only for who wants this service. */
async function adminService(options: AdminServiceOptions, log: Logger): Promise<RunningAdminService> {
  const [{ serveAdminService }, { setLogger }] = await Promise.all([
    import("../admin/service.ts"),
    import("@grpc/grpc-js"),
  ]);
  // It writes to standard error what it also gives to callbacks and events, where it is told in our words.
  const say = (message: unknown): void => log.debug({ said: String(message) }, "grpc-js");
  setLogger({ error: say, info: say, debug: say });
  return serveAdminService(options);
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function taken(option: string, address: string, error: unknown): Refusal {
  return new Refusal(
    `${option}: ${address} cannot be listened on: ${bindWords(error)}`,
    "Choose another port, or end the process that has it",
    { cause: error },
  );
}
