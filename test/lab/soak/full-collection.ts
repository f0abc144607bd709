/** Garbage collection on request, by the inspector of a Node process that was started with `--inspect=127.0.0.1:0`: what is left is alive. */

/** What a process writes when its inspector listens. */
export const INSPECTOR_LINE = /Debugger listening on (ws:\S+)/;

/** Collects everything, twice, since what a first collection finalizes a second one frees. Rejects when the inspector is not there, or refuses. */
export async function collectEverything(inspectorUrl: string): Promise<void> {
  const socket = new WebSocket(inspectorUrl);
  try {
    await next(socket, "open");
    for (const id of [1, 2]) {
      socket.send(JSON.stringify({ id, method: "HeapProfiler.collectGarbage" }));
      const { data } = (await next(socket, "message")) as MessageEvent;
      const { error } = JSON.parse(String(data)) as { readonly error?: { readonly message: string } };
      if (error !== undefined) throw new Error(`the inspector does not collect garbage: ${error.message}`);
    }
  } finally {
    socket.close();
  }
}

/** Rejects when the connection fails or ends before; `once` of node:events would wait for ever, since these are no emitters. */
function next(socket: WebSocket, event: "open" | "message"): Promise<Event> {
  return new Promise((fulfil, reject) => {
    const fail = () => reject(new Error(`the inspector at ${socket.url} is not there`));
    socket.addEventListener(event, fulfil, { once: true });
    for (const end of ["error", "close"] as const) socket.addEventListener(end, fail, { once: true });
  });
}
