/** What a test does to an API server: objects applied, deleted, given a status. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** A served kind, as discovery tells it. */
interface ServedKind {
  readonly kind: string;
  readonly name: string;
  readonly namespaced: boolean;
}

/** An administrator's hands. Everything but 2xx throws with the API server's words. */
export class AdminClient {
  readonly #url: string;
  readonly #token: string;
  readonly #agent: Agent;
  readonly #kinds = new Map<string, readonly ServedKind[]>();

  constructor(url: string, ca: Buffer, token: string) {
    this.#url = url;
    this.#token = token;
    this.#agent = new Agent({ ca, keepAlive: true });
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Status code of a GET. */
  async status(path: string): Promise<number> {
    const answer = await this.#ask("GET", path, undefined, "application/json");
    answer.resume();
    return answer.statusCode ?? 0;
  }

  async request(method: string, path: string, body?: unknown, contentType = "application/json"): Promise<unknown> {
    const answer = await this.#ask(method, path, body, contentType);
    const chunks: Buffer[] = [];
    for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    const code = answer.statusCode ?? 0;
    if (code < 200 || code > 299) throw new Error(`${method} ${path}: ${code} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  async #ask(method: string, path: string, body: unknown, contentType: string): Promise<IncomingMessage> {
    const text = body === undefined ? "" : JSON.stringify(body);
    // Node gives the body of a DELETE no length of its own accord, and the server takes it for the next request.
    const length = { "content-length": Buffer.byteLength(text) };
    const headers = { authorization: `Bearer ${this.#token}`, "content-type": contentType, ...length };
    const asking = request(this.#url + path, { method, agent: this.#agent, headers });
    asking.end(text);
    const [answer] = (await once(asking, "response")) as [IncomingMessage];
    return answer;
  }

  /** Makes or changes an object to what is given (server-side apply). A CustomResourceDefinition is served when this resolves. */
  async apply(object: KubernetesObject, options: { readonly dryRun?: boolean } = {}): Promise<KubernetesObject> {
    const path = await this.#pathOf(object);
    const query = `?fieldManager=test&force=true&fieldValidation=Strict${options.dryRun === true ? "&dryRun=All" : ""}`;
    const made = (await this.request(
      "PATCH",
      path + query,
      object,
      "application/apply-patch+yaml",
    )) as KubernetesObject;
    if (object.kind === "CustomResourceDefinition" && options.dryRun !== true) await this.#established(path);
    return made;
  }

  /** Sets fields of the status; null removes one. */
  async patchStatus(object: KubernetesObject, status: object): Promise<void> {
    await this.request("PATCH", `${await this.#pathOf(object)}/status`, { status }, "application/merge-patch+json");
  }

  async patch(object: KubernetesObject, change: object): Promise<void> {
    await this.request("PATCH", await this.#pathOf(object), change, "application/merge-patch+json");
  }

  async delete(object: KubernetesObject): Promise<void> {
    await this.request("DELETE", await this.#pathOf(object));
  }

  async #pathOf({ apiVersion, kind, metadata }: KubernetesObject): Promise<string> {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const find = () => this.#kinds.get(apiVersion)?.find((candidate) => candidate.kind === kind);
    for (let tries = 0; find() === undefined && tries < 100; tries++) {
      if (tries > 0) await sleep(50); // discovery is a moment behind what is established
      const { resources } = (await this.request("GET", root)) as { resources: readonly ServedKind[] };
      this.#kinds.set(
        apiVersion,
        resources.filter(({ name }) => !name.includes("/")),
      );
    }
    const served = find();
    if (served === undefined) throw new Error(`the API server does not serve ${kind} of ${apiVersion}`);
    const within = served.namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
    return `${root}${within}/${served.name}/${metadata.name}`;
  }

  async #established(path: string): Promise<void> {
    type Conditions = {
      readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
    };
    for (let tries = 0; tries < 600; tries++) {
      const { status } = (await this.request("GET", path)) as Conditions;
      if (status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") === true) break;
      await sleep(50);
    }
    this.#kinds.clear();
  }
}
