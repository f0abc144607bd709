/** The plain proxy as the laboratory has it. */
import type { Door } from "../load/load-process.ts";
import { startListening } from "../start-listening.ts";
import type { Timeline } from "../timeline.ts";
import type { FollowsReadyOptions } from "./follows-ready-process.ts";

export interface FollowsReady {
  readonly door: Door;
  stop(): Promise<void>;
}

/** Fulfilled when it knows all objects and listens. */
export async function startFollowsReady(options: FollowsReadyOptions, timeline: Timeline): Promise<FollowsReady> {
  const name = "follows-ready";
  const { child, port } = await startListening(name, "gateway/follows-ready-process.ts", options, timeline);
  return { door: { name, port }, stop: () => child.stop() };
}
