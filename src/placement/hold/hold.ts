/**
 * Doubts mass disappearance (rule 9). An operator that cannot reach its bus takes every host for dead: within about 35 s all Workloads lose their
 * Ready, after 60 s all Hosts do, then both are deleted, while the hosts go on serving (wasmCloud operator up to 2.7.0). The ledger stands in
 * front of the placer: raw changes go in, effective ones come out.
 */
import { ByName } from "../index/by-name.ts";
import { type HostRecord, type RecordChange, recordKey, type WorkloadRecord } from "../records.ts";
import { same } from "../same.ts";
import { Census, live, running } from "./census.ts";
import { type Loss, LossGroup } from "./loss-group.ts";

/** What an administrator may say about holds. */
export interface HoldOptions {
  /** How long what was lost stays on as draining, in ms from its loss. Default 120,000. 0 believes every loss at once. */
  readonly holdMs?: number;
  /** Losses within this time are seen as one event, in ms. Default 90,000. */
  readonly windowMs?: number;
  /** Share of a host group, 0 to 1, beyond which losses within the window are doubted. Default 0.3. A Host lost alone is always believed. */
  readonly lostShare?: number;
}

/** Complete options. */
export type HoldSettings = Required<HoldOptions>;

/** Fills in the defaults. */
export const holdSettings = ({ holdMs = 120_000, windowMs = 90_000, lostShare = 0.3 }: HoldOptions): HoldSettings => ({
  holdMs,
  windowMs,
  lostShare,
});

/** How long a loss can matter, in ms: it was reason to doubt another within the window, and that is held. */
export const rememberedMs = ({ holdMs, windowMs }: HoldSettings): number => windowMs + holdMs;

/**
 * Watches of different kinds are not ordered: a workload deleted this shortly before its Host is lost was deleted with it. Long enough for a slow
 * watch, too short for an owner's scale-down to be mistaken often; a mistake gives a draining endpoint.
 */
const DISORDER_MS = 5_000;

/** Objects given out in one call beyond those it was called with; the rest follows at once (`nextAt`), so that no call takes long. */
const AT_ONCE = 1_000;

/**
 * - A Host is lost when it is gone, being deleted, or Ready False; not when a newer Host has its address or hostId (it restarted in place).
 * - A Workload is lost when its Ready goes away, or when it is deleted while its Host is lost. Deleted otherwise, it is believed at once.
 * - A group is doubted when at least two Hosts and more than `lostShare` of it are lost within `windowMs` (or held still). Hosts count by their own state; or, since
 *   workloads are probed twice as often, by silence: all workloads that ran on the Host have lost their Ready. Silence counts among the Hosts with workloads.
 * - What a doubted group lost within the window, and loses while doubted, is given out with `held: true` for at most `holdMs` from its loss; what is
 *   gone, with `deleting: true` too. It comes to an end earlier when the object is live again or the host has restarted in place.
 * - With nothing lost, raw changes pass as they are. States and who moves them: LossGroup. Memory beyond the records (by reference): what was lost
 *   within the window, plus what is held.
 */
export class LossLedger {
  #settings: HoldSettings;
  readonly #census = new Census();
  readonly #workloads = new ByName<WorkloadRecord>();
  readonly #groups = new Map<string, LossGroup>();
  /** Every loss remembered, with its group. */
  readonly #losses = new Map<string, { readonly loss: Loss; readonly hostGroup: string }>();
  /** Host losses by hostId. */
  readonly #lostHosts = new Map<string, Loss>();
  /** Running workloads deleted for themselves within DISORDER_MS, oldest first. */
  readonly #deleted = new Map<string, { readonly record: WorkloadRecord; readonly at: number }>();
  /** Groups whose counts changed since they were last judged. */
  readonly #unjudged = new Set<string>();
  #nowMs = Number.NEGATIVE_INFINITY;

  constructor(settings: HoldSettings) {
    this.#settings = settings;
  }

  /** The changes to give to the placer instead. Time must not run backwards; an earlier one counts as the latest seen. */
  apply(changes: Iterable<RecordChange>, nowMs: number): readonly RecordChange[] {
    const out = this.#expire(nowMs);
    for (const change of changes) {
      const kind = "put" in change ? change.put.kind : change.remove.kind;
      if (kind === "Host") this.#applyHost(change, out);
      else if (kind === "Workload") this.#applyWorkload(change, out);
      else out.push(change);
    }
    this.#judge(out);
    return out;
  }

  /** What time alone changes: holds that end. */
  advance(nowMs: number): readonly RecordChange[] {
    return this.apply([], nowMs);
  }

  /** When `advance` has something to do next, in the clock of `nowMs`; undefined while nothing is remembered. */
  get nextAt(): number | undefined {
    let next: number | undefined;
    for (const group of this.#groups.values()) {
      const at = group.nextAt(this.#settings);
      if (at !== undefined && (next === undefined || at < next)) next = at;
    }
    return next;
  }

  /** Objects held now. */
  get held(): number {
    let held = 0;
    for (const group of this.#groups.values()) held += group.heldCount;
    return held;
  }

  /** Losses remembered, held ones included. */
  get remembered(): number {
    return this.#losses.size;
  }

  /** Host groups in doubt now, sorted. */
  get doubted(): readonly string[] {
    return [...this.#groups].flatMap(([hostGroup, { doubting }]) => (doubting ? [hostGroup] : [])).sort();
  }

  /** Takes new settings, which count for what is held already too; gives the changes that follow. */
  setSettings(settings: HoldSettings, nowMs: number): readonly RecordChange[] {
    this.#settings = settings;
    for (const hostGroup of this.#groups.keys()) this.#unjudged.add(hostGroup);
    return this.advance(nowMs);
  }

  #applyHost(change: RecordChange, out: RecordChange[]): void {
    const name = "put" in change ? change.put : change.remove;
    const after = "put" in change && change.put.kind === "Host" ? change.put : undefined;
    const before = after === undefined ? this.#census.removeHost(name) : this.#census.putHost(after);
    const key = recordKey({ kind: "Host", namespace: name.namespace, name: name.name });
    if (after !== undefined && live(after)) {
      this.#end(key);
      out.push(change);
      if (before === undefined || !live(before) || !same(before, after)) this.#believeReplaced(out);
      return;
    }
    const lost = before !== undefined && live(before) && !this.#losses.has(key) && !this.#census.replaced(before);
    if (lost) {
      this.#lose(before, before.hostGroup, false);
      this.#loseDeletedOn(before);
    }
    this.#giveOut(key, before, change, out);
  }

  #applyWorkload(change: RecordChange, out: RecordChange[]): void {
    const name = "put" in change ? change.put : change.remove;
    const key = recordKey({ kind: "Workload", namespace: name.namespace, name: name.name });
    const after = "put" in change && change.put.kind === "Workload" ? change.put : undefined;
    const before = this.#workloads.get(name.namespace, name.name);
    if (after === undefined) this.#workloads.delete(name);
    else this.#workloads.set(after, after);
    this.#census.countWorkload(before, after);
    const known = this.#losses.get(key)?.loss;
    const moved =
      known !== undefined && after !== undefined && after.hostId !== "" && after.hostId !== known.record.hostId;
    if (moved || (after !== undefined && running(after))) {
      this.#end(key);
      this.#deleted.delete(key);
    } else if (known === undefined && before !== undefined && running(before)) this.#stopped(key, before, after);
    this.#giveOut(key, before, change, out);
  }

  /** A running workload runs no longer: lost by itself, deleted with its Host, or deleted for itself. */
  #stopped(key: string, before: WorkloadRecord, after: WorkloadRecord | undefined): void {
    if (after !== undefined && after.hostId !== "" && after.hostId !== before.hostId) return; // placed anew
    const lostHost = this.#lostHosts.get(before.hostId);
    const host = this.#census.hostOf(before.hostId) ?? lostHost?.record;
    if (host?.kind !== "Host" || this.#census.replaced(host)) return;
    if (after !== undefined && !after.deleting) this.#lose(before, host.hostGroup, true);
    else if (lostHost !== undefined) this.#lose(before, host.hostGroup, false);
    else this.#deleted.set(key, { record: before, at: this.#nowMs });
  }

  #lose(record: HostRecord | WorkloadRecord, hostGroup: string, silent: boolean): void {
    if (this.#settings.holdMs <= 0) return;
    const loss: Loss = { key: recordKey(record), record, lostAt: this.#nowMs, silent };
    let group = this.#groups.get(hostGroup);
    if (group === undefined) {
      group = new LossGroup();
      this.#groups.set(hostGroup, group);
    }
    group.add(loss);
    this.#losses.set(loss.key, { loss, hostGroup });
    if (record.kind === "Host") this.#lostHosts.set(record.hostId, loss);
    this.#unjudged.add(hostGroup);
  }

  /** A Host just lost: what was deleted on it a moment ago was deleted with it. */
  #loseDeletedOn({ hostId, hostGroup }: HostRecord): void {
    for (const [key, { record }] of this.#deleted) {
      if (record.hostId !== hostId || this.#losses.has(key)) continue;
      this.#deleted.delete(key);
      this.#lose(record, hostGroup, false);
    }
  }

  /** A Host came: Hosts lost before it at its address or hostId have restarted in place, and their workloads are really gone. */
  #believeReplaced(out: RecordChange[]): void {
    for (const loss of this.#lostHosts.values()) {
      if (loss.record.kind !== "Host" || !this.#census.replaced(loss.record)) continue;
      const group = this.#groups.get(loss.record.hostGroup);
      for (const of of [loss, ...(group?.on(loss.record.hostId) ?? [])]) if (this.#end(of.key)) out.push(this.#raw(of));
    }
  }

  /** Gives out what the placer should see of an object after a raw change. */
  #giveOut(
    key: string,
    before: HostRecord | WorkloadRecord | undefined,
    change: RecordChange,
    out: RecordChange[],
  ): void {
    const known = this.#losses.get(key);
    // Only under the hostId it was lost with: by that it is counted.
    if ("remove" in change && known !== undefined && before?.hostId === known.loss.record.hostId)
      known.loss.record = before;
    out.push(this.#isHeld(key) ? this.#effective(key) : change);
  }

  #isHeld(key: string): boolean {
    const known = this.#losses.get(key);
    return known !== undefined && this.#groups.get(known.hostGroup)?.isHeld(key) === true;
  }

  /** The record of a held loss: as it is now, or as it was last seen. */
  #effective(key: string): RecordChange {
    const last = this.#losses.get(key)?.loss.record;
    if (last === undefined) throw new Error(`No loss is remembered of ${key}`);
    const now = this.#rawRecord(last);
    if (now === undefined) return { put: { ...last, held: true, deleting: true } };
    return { put: { ...now, hostId: now.hostId || last.hostId, held: true } };
  }

  /** What the placer should see of an object that is held no longer. */
  #raw({ record }: Loss): RecordChange {
    const { kind, namespace, name } = record;
    const now = this.#rawRecord(record);
    return now === undefined ? { remove: { kind, namespace, name } } : { put: now };
  }

  #rawRecord(record: HostRecord | WorkloadRecord): HostRecord | WorkloadRecord | undefined {
    return record.kind === "Host" ? this.#census.host(record) : this.#workloads.get(record.namespace, record.name);
  }

  /** Forgets a loss; whether it was held. */
  #end(key: string): boolean {
    const known = this.#losses.get(key);
    if (known === undefined) return false;
    this.#losses.delete(key);
    const { record } = known.loss;
    if (record.kind === "Host" && this.#lostHosts.get(record.hostId) === known.loss)
      this.#lostHosts.delete(record.hostId);
    this.#unjudged.add(known.hostGroup);
    return this.#groups.get(known.hostGroup)?.end(known.loss) === true;
  }

  /** Lets time pass up to now. */
  #expire(nowMs: number): RecordChange[] {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    const out: RecordChange[] = [];
    for (const group of this.#groups.values()) {
      for (const loss of group.expired(this.#nowMs, this.#settings, AT_ONCE))
        if (this.#end(loss.key)) out.push(this.#raw(loss));
    }
    for (const [key, { at }] of this.#deleted) {
      if (at > this.#nowMs - DISORDER_MS) break;
      this.#deleted.delete(key);
    }
    return out;
  }

  /** Begins or ends doubt where the counts have changed; holds what a doubted group has lost. */
  #judge(out: RecordChange[]): void {
    for (const hostGroup of this.#unjudged) {
      const group = this.#groups.get(hostGroup);
      if (group === undefined) continue;
      if (group.empty) this.#groups.delete(hostGroup);
      else if (this.#lostTooMuch(hostGroup, group)) group.doubt();
      else group.believe();
    }
    this.#unjudged.clear();
    for (const group of this.#groups.values()) {
      for (const { key, lostAt } of group.hold(AT_ONCE))
        if (lostAt + this.#settings.holdMs > this.#nowMs) out.push(this.#effective(key));
    }
  }

  #lostTooMuch(hostGroup: string, group: LossGroup): boolean {
    const { hosts, bearing, silent } = this.#census.count(hostGroup, group);
    return this.#exceeds(group.lostHosts, hosts + group.lostHosts) || this.#exceeds(silent, bearing);
  }

  #exceeds(lost: number, all: number): boolean {
    return lost >= 2 && lost > all * this.#settings.lostShare;
  }
}
