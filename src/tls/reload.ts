/** What looks at the files come to, one after the other: a state and the step from one look to the next. Pure: time is an argument. */
import type { Credentials, CredentialsFault } from "./credentials.ts";

/** What one look found: texts that can be compared, and what they are. */
export interface Look {
  /** Equal for equal files. */
  readonly fingerprint: string;
  readonly found: Credentials | CredentialsFault;
}

/**
 * - `good`: the files are what is held.
 * - `doubted`: they are wrong, for so short a time that somebody may be writing them: certificate, key and CA do not change at once.
 * - `bad`: they stayed wrong, and that was told. What was held before goes on being used.
 */
type Files =
  | { readonly kind: "good" }
  | { readonly kind: "doubted"; readonly cause: string; readonly sinceMs: number }
  | { readonly kind: "bad"; readonly cause: string };

/** What is in use, and what is known of the files. */
export interface ReloadState {
  readonly held: Credentials;
  readonly fingerprint: string;
  readonly files: Files;
  readonly expiry: Expiry;
}

/** What is to be done after a look. */
export type ReloadStep =
  | { readonly kind: "nothing" }
  | { readonly kind: "use"; readonly credentials: Credentials }
  | { readonly kind: "look-again"; readonly afterMs: number }
  | { readonly kind: "tell"; readonly fault: CredentialsFault }
  /** The files are what is held again, after a fault was told. */
  | { readonly kind: "recovered" };

/** How near its end a certificate in use is. Each is told once. */
export type Expiry = "far" | "soon" | "near" | "over";

/** A fault counts once it has lasted this long, in ms. cert-manager's and kubelet's files change at once, an administrator's within this time. */
export const SETTLE_MS = 1_000;

/** The state at the start. The expiry of what was just loaded is told by the first look. */
export const startState = (held: Credentials, fingerprint: string): ReloadState => ({
  held,
  fingerprint,
  files: { kind: "good" },
  expiry: "far",
});

/** One look later. */
export function afterLook(
  state: ReloadState,
  { fingerprint, found }: Look,
  nowMs: number,
): readonly [ReloadState, ReloadStep] {
  const { files } = state;
  if (fingerprint === state.fingerprint) {
    const step: ReloadStep = files.kind === "bad" ? { kind: "recovered" } : { kind: "nothing" };
    return [{ ...state, files: { kind: "good" } }, step];
  }
  if (!("cause" in found))
    return [
      { held: found, fingerprint, files: { kind: "good" }, expiry: "far" },
      { kind: "use", credentials: found },
    ];
  const { cause } = found;
  if (files.kind === "bad" && files.cause === cause) return [state, { kind: "nothing" }];
  if (files.kind !== "doubted" || files.cause !== cause)
    return [
      { ...state, files: { kind: "doubted", cause, sinceMs: nowMs } },
      { kind: "look-again", afterMs: SETTLE_MS },
    ];
  const leftMs = files.sinceMs + SETTLE_MS - nowMs;
  if (leftMs > 0) return [state, { kind: "look-again", afterMs: leftMs }];
  return [
    { ...state, files: { kind: "bad", cause } },
    { kind: "tell", fault: found },
  ];
}

/**
 * How near its end it is, in shares of its lifetime, so that it is right for a day and for a year: "soon" when a fifth is left (cert-manager renews
 * with a third left, so then it has not), "near" with a twentieth. The authorities count where they end before the certificate.
 */
export function expiryOf({ notBeforeMs, notAfterMs, caNotAfterMs }: Credentials, nowMs: number): Expiry {
  const endsMs = Math.min(notAfterMs, caNotAfterMs);
  const left = (endsMs - nowMs) / (endsMs - notBeforeMs);
  if (left <= 0) return "over";
  if (left < 0.05) return "near";
  return left < 0.2 ? "soon" : "far";
}
