/** What every problem means, with an example and what to do. Total over ProblemCode: a new code does not compile without its row. */
import { refusalOf } from "../../src/kubernetes/failure.ts";
import type { ProblemCode } from "../../src/placement/problem.ts";
import type { Example } from "./problem-examples.ts";

/** One problem, told to whoever looks up its code. */
export interface ProblemRow {
  /** What is so, and what comes of it, in full sentences. */
  readonly means: string;
  readonly example: Example;
  /** What to do, in full sentences, beginning with a verb. */
  readonly remedy: string;
}

const META = "apiVersion: runtime.wasmcloud.dev/v1alpha1";

interface HostFields {
  readonly name?: string;
  readonly hostId?: string;
  readonly hostname?: string;
  readonly httpPort?: number;
}

function host({ name = "amber", hostId = "host-amber", hostname = "10.0.0.1", httpPort = 9191 }: HostFields = {}) {
  const fields = `hostId: ${hostId}\nhostname: "${hostname}"\nhttpPort: ${httpPort}`;
  return `---\n${META}\nkind: Host\nmetadata: {name: ${name}}\n${fields}\n`;
}

/** A workload on Host amber; `entry` is what its wasi:http entry holds beside the names of the interface. */
function workload(object: string, entry: string, spec = ""): string {
  const [namespace, name] = object.split("/");
  const entries = `[{namespace: wasi, package: http, interfaces: [incoming-handler], ${entry}}]`;
  const metadata = `{namespace: ${namespace}, name: ${name}}`;
  return `---\n${META}\nkind: Workload\nmetadata: ${metadata}\nspec: {hostId: host-amber, ${spec}hostInterfaces: ${entries}}\n`;
}

const UNREADABLE = refusalOf(403, "forbidden", {
  verb: "list",
  plural: "workloaddeployments",
  group: "runtime.wasmcloud.dev",
  namespace: undefined,
});

const SHOP = "config: {host: shop.example.com}";

export const PROBLEM_ROWS: Readonly<Record<ProblemCode, ProblemRow>> = {
  "object-invalid": {
    means:
      "An object is not what its kind prescribes, or another one in the folder has its name. Without what its kind cannot do without it is not used, and neither is its last good version; else only the field is passed over. All other objects are used.",
    example: { objects: `${META}\nkind: Host\nmetadata: {name: amber}\nhostId: host-amber\nhttpPort: "9191"\n` },
    remedy: "Correct the field. `signalbox validate` shows the line before it is applied.",
  },
  "field-unknown": {
    means:
      "An object has a field, or a value that stands for an interface, a condition or an owner, that nothing reads and that looks like a slip of one that is read. It is passed over, and the object is used without it. Names unlike any that is read are no problem: other programs may read them.",
    example: {
      objects: `${META}\nkind: Workload\nmetadata: {name: cart}\nspec: {hostId: host-amber, hostInterface: []}\n`,
    },
    remedy: "Write it as it is proposed, or leave it, if it is meant for somebody else.",
  },
  "file-invalid": {
    means:
      "A file cannot be read or parsed. Of a file that was good before, the last good version counts; of one that never was, the documents that can be read.",
    example: { objects: `${META}\nkind: Host\nmetadata: {name: amber\n` },
    remedy: "Correct the file, or let Signalbox read it.",
  },
  "setting-invalid": {
    means:
      "An option of the configuration is wrong. At the start Signalbox refuses to run; later the last good settings stay in force.",
    example: { configuration: "source: {folder: objects}\nxds: {adress: 127.0.0.1:18000}\n" },
    remedy: "Correct the option; [configuration.md](configuration.md) has all of them.",
  },
  "kind-unknown": {
    means:
      "A file holds an object of a kind that Signalbox does not read. It is ignored. Told once for each kind in a file.",
    example: { objects: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" },
    remedy:
      "Leave it, or keep such objects in another folder. If the kind is wasmCloud's, correct `kind` or `apiVersion`.",
  },
  "hostname-invalid": {
    means:
      "A workload names something that no host would take as a hostname. A bad alias concerns only itself; a bad `host` leaves the workload without any name, since wasmCloud does not start it.",
    example: { objects: host() + workload("shop/cart", 'config: {host: "shop.example.com:8080"}') },
    remedy: "Write one DNS name or IPv4 address: no port, path, scheme, wildcard, underscore or list.",
  },
  "hostname-missing": {
    means:
      "A workload serves `wasi:http`, but names no hostname: wasmCloud does not start it, and there is nothing to route.",
    example: { objects: host() + workload("shop/cart", "config: {}") },
    remedy: "Set `config.host` of the interface.",
  },
  "hostname-replaced": {
    means:
      "A workload has both `host-aliases` and `kubernetes.service`. wasmCloud's operator replaces the aliases by the names of the Service, so those written are not registered anywhere.",
    example: {
      objects:
        host() +
        workload(
          "shop/cart",
          "config: {host: shop.example.com, host-aliases: www.example.com}",
          "kubernetes: {service: {name: cart}}, ",
        ),
    },
    remedy: "Give each further hostname a workload of its own, or do without the Service.",
  },
  "hostname-indirect": {
    means:
      "The configuration of the interface comes in part from a ConfigMap or a Secret, which may set or replace the hostname. Signalbox does not read those: what is written in `config` is routed, whatever they say.",
    example: { objects: host() + workload("shop/cart", `${SHOP}, configFrom: [{name: more}]`) },
    remedy: "Write `host` and `host-aliases` in `config`.",
  },
  "hostname-spelling": {
    means:
      "Objects of one namespace spell a hostname in several ways. It is one hostname, and each host is asked in the spelling that was registered there; but hosts up to wasmCloud 2.7.0 compare letter by letter, and one that runs both answers to one of them only.",
    example: {
      objects: host() + workload("shop/cart", SHOP) + workload("shop/cart-2", "config: {host: Shop.example.com}"),
    },
    remedy: "Spell the hostname in lower case everywhere.",
  },
  "hostname-taken": {
    means:
      "Two namespaces want a hostname. The older claim has it (the age of the WorkloadDeployment, else of what there is instead), and this object gets no requests for it.",
    example: { objects: host() + workload("shop/cart", SHOP) + workload("rival/copy", SHOP) },
    remedy: "Use another hostname, or have the administrator decide by a rule in `placement.ownership`.",
  },
  "hostname-denied": {
    means:
      "A rule in `placement.ownership` gives the hostname to other namespaces. This object gets no requests for it.",
    example: {
      objects: host() + workload("rival/copy", SHOP),
      settings: 'placement: {ownership: [{domain: "*.example.com", namespaces: [shop]}]}',
    },
    remedy: "Use another hostname, or have the administrator add the namespace to the rule.",
  },
  "hostname-contaminated": {
    means:
      "A host of the owner also runs a workload of another namespace that registers the same hostname, and answers for both at random. It is left out while another host serves the hostname; where none does, `contaminated` of the fleet decides, 503 by default.",
    example: { objects: host() + workload("shop/cart", SHOP) + workload("rival/copy", SHOP) },
    remedy: "Remove the hostname from the other workload, or keep the namespaces on separate host groups.",
  },
  "address-missing": {
    means: "A Host advertises no address that can be connected to. Its workloads get no requests.",
    example: { objects: host({ httpPort: 0 }) },
    remedy: "Start the host with `--http-addr` and `--host-name`, or set an address in `hosts.overrides`.",
  },
  "address-refused": {
    means:
      "A Host's address, or one that its name resolves to, is outside `hosts.allowedNetworks`, or special (loopback, link-local, cloud metadata) and not allowed by name. It gets no requests: heartbeats are not authenticated, so anybody on the message bus could have sent it.",
    example: { objects: host({ hostname: "169.254.169.254" }) },
    remedy: "Find out who advertises it. If hosts are meant to be there, add the network to `hosts.allowedNetworks`.",
  },
  "address-unresolved": {
    means:
      "A Host's name cannot be resolved. The last good addresses stay in use; without any its workloads get no requests.",
    example: { objects: host({ hostname: "edge-7.example.com" }) },
    remedy: "Correct DNS where Signalbox runs, advertise an IP address, or set an address in `hosts.overrides`.",
  },
  "address-superseded": {
    means:
      "Two Host objects have one address. The newer one counts (in a folder, without times, the later one), since a host that restarts in place leaves its old object behind for about a minute.",
    example: { objects: host({ name: "amber-1", hostId: "host-1" }) + host({ name: "amber-2", hostId: "host-2" }) },
    remedy: "Wait two minutes. If it stays, give each host its own hostname or port.",
  },
  "host-id-superseded": {
    means:
      "Two Host objects have one `hostId`. The newer one counts (in a folder, without times, the later one), the other is ignored.",
    example: { objects: host({ name: "amber-1" }) + host({ name: "amber-2", hostname: "10.0.0.2" }) },
    remedy: "Delete the Host object whose process is gone; give every host process its own `hostId`.",
  },
  "host-unknown": {
    means:
      "A Workload is Ready on a host of which there is no Host object, so nobody knows its address. It gets no requests.",
    example: { objects: workload("shop/cart", SHOP) },
    remedy:
      "Correct `hostId`, or see that the Host object exists and that Signalbox may read its namespace (`source.kubernetes.namespaces`). If the host is gone for good, delete the Workload. `signalbox validate` tells which `hostId` may be meant.",
  },
  "ownership-degraded": {
    means:
      "WorkloadReplicaSets or WorkloadDeployments cannot be read. Signalbox goes on without: who owns a hostname is decided by the age of objects that live shorter, and replicas of an old version are used until they stop.",
    example: {
      reported: {
        code: "ownership-degraded",
        subject: { kind: "WorkloadDeployment", namespace: "", name: "(all)" },
        cause: `${UNREADABLE.cause}; until then ownership goes by the age of ReplicaSets`,
        remedy: UNREADABLE.remedy,
      },
    },
    remedy: "Grant `get`, `list` and `watch` of the kind, as `k8s/base/rbac.yaml` does.",
  },
  "resource-invalid": {
    means:
      "What Signalbox made of a hostname breaks one of Envoy's own rules, so it is not sent; what was sent before stays in force. Other hostnames are not affected. This is a fault of Signalbox.",
    example: { endpoint: "10.0.0.1:70000" },
    remedy: "Report it, with the line and the objects of the hostname.",
  },
};
