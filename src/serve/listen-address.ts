/** Addresses of our own ports. */
import { isIPv6 } from "node:net";
import type { ListenAddress } from "../config/settings.ts";

/** True for 127.0.0.0/8 and ::1: nobody outside this machine can connect. */
export function isLoopback(ip: string): boolean {
  return ip === "::1" || /^127\./.test(ip);
}

/** `127.0.0.1:18000`, `[::1]:18000`. */
export function listenText({ ip, port }: ListenAddress): string {
  return isIPv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`;
}
