/** Calls into child processes: whatever takes part in a measurement has an event loop of its own, so that none waits for another's work. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** What a child can be asked: functions of one argument. Arguments and results are cloned. */
export type Calls = Readonly<Record<string, (argument: never) => unknown>>;

type Argument<Call> = Call extends (argument: infer A) => unknown ? A : never;
type Result<Call> = Call extends (argument: never) => infer R ? Awaited<R> : never;

interface Question {
  readonly id: number;
  readonly call: string;
  readonly argument: unknown;
}

type Reply = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string };

/** A child that answers. */
export interface Remote<C extends Calls> {
  readonly pid: number;
  /** Rejects with the child's words, or when it has ended. */
  ask<Name extends keyof C & string>(call: Name, argument: Argument<C[Name]>): Promise<Result<C[Name]>>;
  stop(): Promise<void>;
}

/** Starts a file of this folder as a child. It ends with this process, however that ends: its channel closes. */
export function startRemote<C extends Calls>(file: string): Remote<C> {
  const child: ChildProcess = fork(join(import.meta.dirname, file), { serialization: "advanced" });
  const waiting = new Map<number, { fulfil: (result: unknown) => void; reject: (error: Error) => void }>();
  let asked = 0;
  child.on("message", (reply: Reply) => {
    const caller = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ("error" in reply) caller?.reject(new Error(`${file}: ${reply.error}`));
    else caller?.fulfil(reply.result);
  });
  const exit = once(child, "exit").then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} has ended`));
    waiting.clear();
  });
  return {
    pid: child.pid ?? 0,
    ask: <Name extends keyof C & string>(call: Name, argument: Argument<C[Name]>) => {
      const answer = new Promise<Result<C[Name]>>((fulfil, reject) => {
        if (!child.connected) return reject(new Error(`${file} has ended`));
        asked += 1;
        waiting.set(asked, { fulfil: (result) => fulfil(result as Result<C[Name]>), reject });
        child.send({ id: asked, call, argument } satisfies Question);
      });
      answer.catch(() => undefined); // where something else has failed nobody may wait any more, and that is what is to be told
      return answer;
    },
    stop: async () => {
      child.kill("SIGKILL");
      await exit;
    },
  };
}

/** The child's side: answers what it is asked until its parent is gone. */
export function answer<C extends Calls>(calls: C): void {
  process.on("message", ({ id, call, argument }: Question) => {
    const one = calls[call] as (argument: unknown) => unknown;
    Promise.resolve()
      .then(() => one(argument))
      .then(
        (result) => reply({ id, result }),
        (error: unknown) =>
          reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
  process.once("disconnect", () => process.exit());
}

function reply(message: Reply): void {
  if (process.connected) process.send?.(message);
}
