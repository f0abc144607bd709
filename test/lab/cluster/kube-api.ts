/** Requests to the API server by whoever plays a part in the laboratory: the operator and the laboratory itself. Reads the kubeconfig that tests write. */
import { readFile } from "node:fs/promises";
import { AdminClient } from "../../kubernetes/api-admin.ts";
import { API_VERSION, type Kind, PLURALS, type Stored } from "./objects.ts";

/** Where an API server is, and how one is let in. */
export interface Access {
  readonly url: string;
  readonly ca: Buffer;
  readonly token: string;
}

interface Kubeconfig {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly "certificate-authority": string } },
  ];
  readonly users: readonly [{ readonly user: { readonly token: string } }];
}

/** Reads a kubeconfig with a token, as test/kubernetes/api-server.ts writes it. */
export async function accessOf(kubeconfig: string): Promise<Access> {
  const { clusters, users } = JSON.parse(await readFile(kubeconfig, "utf8")) as Kubeconfig;
  const { server, "certificate-authority": ca } = clusters[0].cluster;
  return { url: server, ca: await readFile(ca), token: users[0].user.token };
}

/** Where an object is. */
interface Located {
  readonly kind: Kind;
  readonly metadata: { readonly namespace: string; readonly name: string };
}

/** An object that the API server has not seen. */
interface NewObject extends Located {
  readonly metadata: Located["metadata"] & { readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** Writes of one participant. Everything but 2xx throws with the API server's words, and so does an API server that is away. */
export class KubeApi {
  readonly #client: AdminClient;

  constructor({ url, ca, token }: Access) {
    this.#client = new AdminClient(url, ca, token);
  }

  async create(object: NewObject): Promise<Stored> {
    return (await this.#client.request("POST", pathOf(object.kind, object.metadata.namespace), object)) as Stored;
  }

  /** Merge patch of anything but the status. */
  async patch(object: Stored, change: object): Promise<Stored> {
    return (await this.#client.request("PATCH", this.#path(object), change, "application/merge-patch+json")) as Stored;
  }

  /** Merge patch of the status; lists are replaced as a whole. */
  async patchStatus(object: Located, status: object): Promise<Stored> {
    const path = `${this.#path(object)}/status`;
    return (await this.#client.request("PATCH", path, { status }, "application/merge-patch+json")) as Stored;
  }

  /**
   * Background deletion, which is what a client that says nothing gets; of exactly this object, not a namesake. An object that is gone is deleted. Gives what
   * finalizers keep of it.
   */
  async delete(object: Stored): Promise<Stored | undefined> {
    const options = { preconditions: { uid: object.metadata.uid }, propagationPolicy: "Background" };
    try {
      const answer = (await this.#client.request("DELETE", this.#path(object), options)) as { readonly kind: string };
      return answer.kind === object.kind ? (answer as Stored) : undefined; // else a Status
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  close(): void {
    this.#client.close();
  }

  #path({ kind, metadata: { namespace, name } }: Located): string {
    return `${pathOf(kind, namespace)}/${name}`;
  }
}

const pathOf = (kind: Kind, namespace: string): string =>
  `/apis/${API_VERSION}/namespaces/${namespace}/${PLURALS[kind]}`;

/** Whether a write failed because its object is gone, or another of that name is there. */
export const isGone = (error: unknown): boolean => error instanceof Error && /: (404|409) /.test(error.message);
