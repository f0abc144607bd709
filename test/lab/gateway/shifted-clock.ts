/**
 * Loaded into a process by `--import`: its wall clock is that of the machine and as many ms as the file `SHIFT_FILE` says, read anew at every SIGUSR2. What
 * setting a machine's clock does to a process, without its rights: timers and `performance.now` go on as they do there. OpenSSL keeps the machine's clock.
 */
import { readFileSync } from "node:fs";

const Machine = Date;
let shiftMs = 0;
const now = (): number => Machine.now() + shiftMs;

globalThis.Date = new Proxy(Machine, {
  construct: (target, given, made) => Reflect.construct(target, given.length === 0 ? [now()] : given, made) as object,
  apply: () => new Machine(now()).toString(),
  get: (target, field) => (field === "now" ? now : Reflect.get(target, field)),
});

process.on("SIGUSR2", () => {
  shiftMs = Number(readFileSync(process.env["SHIFT_FILE"] ?? "", "utf8"));
});
