/** What the log and the metrics tell of certificates: ours, and those that clients show. */
import type { Logger } from "pino";
import type { Metrics } from "../admin/metrics.ts";
import type { FleetSettings } from "../config/settings.ts";
import type { Credentials, CredentialsFault } from "../tls/credentials.ts";
import type { CredentialsObserver } from "../tls/credentials-watch.ts";
import type { Expiry } from "../tls/reload.ts";
import type { XdsObserver } from "../xds/observer.ts";
import { Sparing } from "./sparing.ts";

const HOUR_MS = 3_600_000;

type Counted = Pick<Metrics, "certificatesLoaded" | "certificatesKept">;

const fieldsOf = ({ serial, names, notAfterMs, caNotAfterMs }: Credentials) => ({
  ...{ serial, names },
  ...{ expires: new Date(notAfterMs).toISOString(), caExpires: new Date(caNotAfterMs).toISOString() },
});

export class TlsStory implements CredentialsObserver {
  readonly #log: Logger;
  readonly #metrics: Counted;
  readonly #failures: Sparing;
  #open = "";

  /** `now`: ms since any fixed point, never backwards. */
  constructor(log: Logger, metrics: Counted, now: () => number) {
    this.#log = log;
    this.#metrics = metrics;
    this.#failures = new Sparing({ now, lines: 1, windowMs: HOUR_MS });
  }

  /** At the start. */
  loaded(credentials: Credentials): void {
    this.#metrics.certificatesLoaded(credentials);
    this.#log.info(fieldsOf(credentials), "certificate loaded");
  }

  renewed(credentials: Credentials): void {
    this.#metrics.certificatesLoaded(credentials);
    this.#log.info(fieldsOf(credentials), "certificate renewed: it is used for connections from now on");
  }

  kept({ code, file, cause, remedy }: CredentialsFault, held: Credentials): void {
    this.#metrics.certificatesKept();
    this.#log.error(
      { fault: code, option: `xds.tls.${file}`, remedy, inUse: fieldsOf(held) },
      `certificate not taken, the last good one stays in use: ${cause}`,
    );
  }

  recovered(): void {
    this.#log.info("certificate files are again what is in use");
  }

  expires(held: Credentials, expiry: Exclude<Expiry, "far">): void {
    const fields = { ...fieldsOf(held), remedy: "Renew it: by cert-manager, or by signalbox certgen --renew" };
    if (expiry === "over") this.#log.error(fields, "certificate has expired: Envoys do not connect any more");
    else
      this.#log.warn(
        fields,
        expiry === "near" ? "certificate expires: a twentieth of its time is left" : "certificate expires soon",
      );
  }

  /** Of clients that got no connection: each address once an hour for each cause, since it tries again and again. */
  observer(): XdsObserver {
    return {
      handshakeFailed: (peer, { kind, cause, remedy }) => {
        const address = peer.replace(/:\d+$/, "");
        const leftOut = kind === "gave-up" ? undefined : this.#failures.admit(`${address} ${cause}`);
        const fields = { peer, failure: kind, remedy, ...(leftOut === undefined || leftOut === 0 ? {} : { leftOut }) };
        this.#log[leftOut === undefined ? "debug" : "warn"](fields, `client refused: it ${cause}`);
      },
    };
  }

  /** Fleets that whoever has a certificate may read, where others ask for names: likely forgotten. Told when they change. */
  fleets(fleets: readonly FleetSettings[]): void {
    const open = fleets.filter(({ proxies }) => proxies.sans.length === 0).map(({ name }) => name);
    const told = fleets.length > 1 ? open.join() : "";
    if (told !== "" && told !== this.#open)
      this.#log.warn(
        { fleets: open, remedy: "Name in proxies.sans what the certificates of their Envoys have" },
        "fleets without sans: any Envoy with a certificate may have their configuration",
      );
    this.#open = told;
  }
}
