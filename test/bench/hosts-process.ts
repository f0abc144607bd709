/** Wash hosts, as lean as they can be: listeners that answer every request with the host's own name. A child process (see remote.ts). */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { answer } from "./remote.ts";
import { hostName } from "./scenario.ts";

export type HostCalls = {
  /** Opens so many; gives their ports on 127.0.0.1, in order. */
  readonly open: (count: number) => Promise<readonly number[]>;
};

const HEAD_END = "\r\n\r\n";

async function open(host: number): Promise<number> {
  const name = hostName(host);
  const response = `HTTP/1.1 200 OK\r\ncontent-length: ${name.length}\r\n\r\n${name}`;
  const server = createServer((socket) => {
    let unread = "";
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      unread += chunk.toString("latin1");
      for (let end = unread.indexOf(HEAD_END); end >= 0; end = unread.indexOf(HEAD_END)) {
        unread = unread.slice(end + HEAD_END.length); // requests of the prober have no body
        socket.write(response);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

answer<HostCalls>({ open: (count) => Promise.all(Array.from({ length: count }, (_, host) => open(host))) });
