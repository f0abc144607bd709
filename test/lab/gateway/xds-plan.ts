/** How Envoys of the laboratory reach Signalbox. */
export interface XdsPlan {
  /** Replicas of Signalbox, found by the name of a headless Service as in `k8s/base`. Default: one, at an address that stays. */
  readonly signalboxes?: number;
  /** Over mutual TLS, with certificates as `signalbox certgen` makes them, and connections that are at most two seconds old. Default false: plaintext. */
  readonly secure?: boolean;
  /** What Envoys say comes late, acknowledgements among it: half of it by up to 500 ms, every twentieth by up to 2 s. Default false. */
  readonly late?: boolean;
  /** Over lines that can be broken: see Signalboxes.breakLines. Default false, unless what they say comes late. */
  readonly lines?: boolean;
}
