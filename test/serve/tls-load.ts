/** Requests over TLS, one after the other on one connection for as long as that lasts. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { type Load, loadOf } from "./requests.ts";

/** `ca` is what the certificate is verified by, for this hostname. */
export function tlsLoadOn(port: number, hostname: string, ca: string): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca });
  const load = loadOf(async () => {
    const sent = request({ port, host: "127.0.0.1", servername: hostname, headers: { host: hostname }, agent }).end();
    try {
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      const body = await text(response);
      return response.statusCode === 200 ? undefined : `${response.statusCode} ${body}`;
    } catch (error) {
      return String(error);
    }
  });
  return { next: load.next, end: () => load.end().finally(() => agent.destroy()) };
}
