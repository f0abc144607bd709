/** The requests that a replica is answering, so that a stop can end them as a host does. */
import type { ServerResponse } from "node:http";
import { constants } from "node:http2";
import type { Arrival } from "../../../src/cli/demo-answer.ts";

/** By which the laboratory knows its requests again. */
export const agentOf = ({ request }: Arrival): string => request.headers["user-agent"] ?? "?";

export class UnderWay {
  readonly #answers = new Map<string, Set<Arrival>>();

  add(workloadId: string, arrival: Arrival): void {
    const answers = this.#answers.get(workloadId) ?? new Set();
    this.#answers.set(workloadId, answers);
    answers.add(arrival);
    arrival.response.once("close", () => answers.delete(arrival));
    arrival.response.on("error", () => {}); // what is still being written to an answer that was cut
  }

  /** Ends them with the store they ran on: an empty 500 where the answer has not begun, a cut where it has. Gives their User-Agents. */
  kill(workloadId: string): readonly string[] {
    const answers = [...(this.#answers.get(workloadId) ?? [])];
    this.#answers.delete(workloadId);
    for (const { response } of answers)
      if (!response.headersSent) {
        // Both kinds take the same calls; only the union of their overloads has no signature.
        (response as ServerResponse).writeHead(500, { "content-length": "0" }).end();
      } else if ("stream" in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      else response.destroy();
    return answers.map(agentOf);
  }
}
