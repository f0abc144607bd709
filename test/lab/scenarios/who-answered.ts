/** Which host answers how often. */

import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import type { DemoAnswer } from "../../../src/cli/demo-answer.ts";
import type { Door } from "../load/load-process.ts";

/** How often each host answered, by its name, and each workload. */
export interface Answered {
  readonly hosts: ReadonlyMap<string, number>;
  readonly workloads: ReadonlyMap<string, number>;
}

/** Asks one proxy for a hostname, one request after the other. @throws when one is not answered by a replica. */
export async function whoAnswered(door: Door, hostname: string, times: number): Promise<Answered> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const hosts = new Map<string, number>();
  const workloads = new Map<string, number>();
  try {
    for (let i = 0; i < times; i++) {
      const { host, workload } = await answerOf(door, hostname, agent);
      hosts.set(host, (hosts.get(host) ?? 0) + 1);
      workloads.set(workload, (workloads.get(workload) ?? 0) + 1);
    }
  } finally {
    agent.destroy();
  }
  return { hosts, workloads };
}

async function answerOf(door: Door, hostname: string, agent: Agent): Promise<DemoAnswer> {
  const headers = { host: hostname, accept: "application/json", "user-agent": "lab/probe" };
  const asking = request({ host: "127.0.0.1", port: door.port, headers, agent });
  asking.end();
  const [answer] = (await once(asking, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  if (answer.statusCode !== 200) throw new Error(`${door.name} answers ${answer.statusCode} for ${hostname}: ${text}`);
  return JSON.parse(text) as DemoAnswer;
}
