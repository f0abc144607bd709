/** Addresses as Envoy takes them. */
import type { Address } from "../codec/generated/messages.ts";

/**
 * `ip:port` or `[ipv6]:port` as a socket address. What the addresses are was decided before (src/sources): text that has no port throws a RangeError,
 * since only we can put that right.
 */
export function socketOf(address: string): Address {
  const colon = address.lastIndexOf(":");
  const ip = address.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  const portValue = Number(address.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(portValue) || portValue < 1)
    throw new RangeError(`an endpoint's address is not ip:port: ${JSON.stringify(address)}`);
  return { socketAddress: { address: ip, portValue } };
}
