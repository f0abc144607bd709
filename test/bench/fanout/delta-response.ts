/** Reading DeltaDiscoveryResponses without making objects of what is in them. */

/** One entry of `resources`. */
export interface Entry {
  readonly name: string;
  readonly version: string;
  /** The Any around the resource. */
  readonly body: Buffer;
}

/** What is read of a response. */
export interface DeltaResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly entries: readonly Entry[];
  readonly removals: number;
}

/** DeltaDiscoveryResponse: system_version_info 1, resources 2, type_url 4, nonce 5, removed_resources 6; all are length-delimited. */
export function deltaResponseOf(message: Buffer): DeltaResponse {
  let typeUrl = "";
  let nonce = "";
  let removals = 0;
  const entries: Entry[] = [];
  eachField(message, (field, content) => {
    if (field === 2) entries.push(entryOf(content));
    else if (field === 4) typeUrl = content.toString("latin1");
    else if (field === 5) nonce = content.toString("latin1");
    else if (field === 6) removals += 1;
  });
  return { typeUrl, nonce, entries, removals };
}

/** Resource: version 1, resource 2, name 3. */
function entryOf(content: Buffer): Entry {
  let name = "";
  let version = "";
  let body = content;
  eachField(content, (field, value) => {
    if (field === 1) version = value.toString("latin1");
    else if (field === 2) body = value;
    else if (field === 3) name = value.toString("latin1");
  });
  return { name, version, body };
}

function eachField(message: Buffer, on: (field: number, content: Buffer) => void): void {
  for (let at = 0; at < message.length; ) {
    const tag = message[at] as number; // all fields here are below 16
    if ((tag & 7) !== 2) throw new Error(`field ${tag >> 3} of a response is not length-delimited`);
    at += 1;
    let length = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++] as number;
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    on(tag >> 3, message.subarray(at, at + length));
    at += length;
  }
}
