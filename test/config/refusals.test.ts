/** Everything by which a configuration is refused: the text, and every problem as its reader sees it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadSettings } from "../../src/config/load.ts";
import { problemText } from "../../src/placement/problem.ts";

const FILE = "/etc/signalbox/signalbox.yaml";
const SOURCE = "source: {folder: objects}\n";

/** Problems in words, without the path of the file. */
function problemsOf(text: string): readonly string[] {
  const loaded = loadSettings(text, FILE);
  return "settings" in loaded
    ? []
    : loaded.problems.map((p) =>
        problemText(p).replaceAll(FILE, "f").replace(": File f,", "").replace(": File f:", ""),
      );
}

// biome-ignore format: a table is read by its rows
const rows: readonly (readonly [why: string, text: string, problems: readonly string[]])[] = [
  ["an empty file", "", ["f:1:1 source: it is missing. Add source"]],
  ["no section", "- a\n", ["f:1:1 a list of 1 is not a section. Write its options on the following lines, indented"]],
  ["text that is no YAML", `${SOURCE}xds: [\n`, ["f:3:1 it cannot be parsed: Flow sequence in block collection must be sufficiently indented and end with a ]. Correct the YAML: indentation by spaces, a space after each colon"]],
  ["two documents", `${SOURCE}---\n${SOURCE}`, ["f:2:1 it cannot be parsed: Source contains multiple documents; please use YAML.parseAllDocuments(). Correct the YAML: indentation by spaces, a space after each colon"]],
  ["an unknown option at the top", `${SOURCE}fleet: []\n`, ['f:2:1 fleet: there is no option "fleet". Did you mean fleets?']],
  ["an unknown option inside", `${SOURCE}xds:\n  adress: x\n`, ['f:3:3 xds.adress: there is no option "adress" in xds. Did you mean address?']],
  ["an unknown option like no other", `${SOURCE}log:\n  colour: true\n`, ['f:3:3 log.colour: there is no option "colour" in log. Use one of level']],
  ["a number with a unit", `${SOURCE}xds:\n  graceMs: 30s\n`, ['f:3:12 xds.graceMs: "30s" is not a whole number. Write a number from 0 to 86400000, without quotes or unit']],
  ["a number too large", `${SOURCE}fleets: [{name: a, listeners: [{port: 80801}]}]\n`, ["f:2:39 fleets[0].listeners[0].port: 80801 is too large. Write a number from 0 to 65535"]],
  ["a number too small", `${SOURCE}hosts: {dnsRefreshMs: 10}\n`, ["f:2:23 hosts.dnsRefreshMs: 10 is too small. Write a number from 1000 to 86400000"]],
  ["a fraction", `${SOURCE}xds: {graceMs: 1.5}\n`, ["f:2:16 xds.graceMs: 1.5 is not a whole number. Write a number from 0 to 86400000"]],
  ["the probes' port taken by a listener", `${SOURCE}fleets: [{name: a, contour: {}, listeners: [{port: 8002}]}]\n`, ['f:2:29 fleets[0].contour.statsAddress: port 8002 is taken by fleets[0].listeners[0]. Choose another port or address']],
  ["a listener with the name of the one for probes", `${SOURCE}fleets: [{name: a, contour: {}, listeners: [{name: stats-health, port: 8080}]}]\n`, ['f:2:45 fleets[0].listeners[0]: "stats-health" is the name of the listener for probes. Give it another name']],
  ["a certificate by a relative path", `${SOURCE}fleets: [{name: a, listeners: [{port: 8443, tls: {certFile: tls.crt, keyFile: /tls/}}]}]\n`, [`f:2:61 fleets[0].listeners[0].tls.certFile: "tls.crt" is no absolute path of a file. Write the path as it is on the Envoy's machine, from / on`, `f:2:79 fleets[0].listeners[0].tls.keyFile: "/tls/" is no absolute path of a file. Write the path as it is on the Envoy's machine, from / on`]],
  ["a listener's name with a dot", `${SOURCE}fleets: [{name: a, listeners: [{name: in.http, port: 8080}]}]\n`, ['f:2:39 fleets[0].listeners[0].name: "in.http" is no name. Use 1 to 63 lower-case letters, digits and inner hyphens or underscores']],
  ["a share beyond 1", `${SOURCE}placement: {hold: {lostShare: 30}}\n`, ["f:2:31 placement.hold.lostShare: 30 is too large. Write a number from 0 to 1"]],
  ["a switch in quotes", `${SOURCE}xds: {plaintextOffLoopback: "true"}\n`, ['f:2:29 xds.plaintextOffLoopback: "true" is not true or false. Write true or false, without quotes']],
  ["a word close to a possible one", `${SOURCE}log: {level: inof}\n`, ['f:2:14 log.level: "inof" is none of the possible values. Did you mean info? Use one of trace, debug, info, warn, error, silent']],
  ["a text that is a number", `${SOURCE}fleets: [{name: 7}]\n`, ['f:2:17 fleets[0].name: 7 is not a text. Put it in quotes: "7"']],
  ["a section that is a list", `${SOURCE}xds: []\n`, ["f:2:6 xds: an empty list is not a section. Write its options on the following lines, indented"]],
  ["a list that is a section", `${SOURCE}fleets: {name: a}\n`, ["f:2:9 fleets: an object is not a list. Write a list: each entry on a line of its own after a hyphen, or all in [brackets]"]],
  ["an option left out that is required", `${SOURCE}fleets:\n- listeners: []\n`, ["f:3:3 fleets[0].name: it is missing. Add name"]],
  ["two sources", "source:\n  folder: a\n  kubernetes: {}\n", ["f:2:3 source: folder and kubernetes are given, exactly one is needed. Give one of folder, kubernetes"]],
  ["no source", "source: {}\n", ["f:1:9 source: nothing is given, exactly one is needed. Give one of folder, kubernetes"]],
  ["an address without port", `${SOURCE}xds: {address: 127.0.0.1}\n`, ['f:2:16 xds.address: "127.0.0.1" is no IP address with a port. Write "127.0.0.1:18000", or "[::1]:18000"']],
  ["a name where an address belongs", `${SOURCE}admin: {address: "localhost:19100"}\n`, ['f:2:18 admin.address: "localhost:19100" is no IP address with a port. Write "127.0.0.1:18000", or "[::1]:18000"']],
  ["plaintext off loopback unasked", `${SOURCE}xds: {address: "0.0.0.0:18000"}\n`, ['f:2:16 xds.address: "0.0.0.0:18000" is off loopback, and the port speaks plaintext. Set xds.tls (signalbox certgen makes the files), or listen on 127.0.0.1; or set xds.plaintextOffLoopback: true and close the port to everybody but the Envoys']],
  ["plaintext asked for beside TLS", `${SOURCE}xds: {plaintextOffLoopback: true, tls: {certFile: a, keyFile: b, caFile: c}}\n`, ["f:2:29 xds.plaintextOffLoopback: xds.tls is given, and nothing is spoken in plaintext. Remove one of the two"]],
  ["TLS without a file", `${SOURCE}xds: {tls: {certFile: a, keyFile: b}}\n`, ["f:2:12 xds.tls.caFile: it is missing. Add caFile"]],
  ["names to prove in plaintext", `${SOURCE}fleets: [{name: a, proxies: {sans: [a.test]}}]\n`, ["f:2:36 fleets[0].proxies.sans: no proxy can prove a name to a port that speaks plaintext. Set xds.tls, or remove sans"]],
  ["a name of a kind", `${SOURCE}fleets: [{name: a, proxies: {sans: ["DNS:a.test"]}}]\n`, ['f:2:37 fleets[0].proxies.sans[0]: "DNS:a.test" begins with its kind, which is told by its form. Write "public.fleet.signalbox", "*.fleet.signalbox", "spiffe://cluster.local/ns/signalbox/sa/envoy" or ".../sa/*"']],
  ["one port twice", `${SOURCE}admin: {address: "127.0.0.1:18000"}\n`, ["f:2:18 admin.address: port 18000 is taken by xds.address. Choose another port"]],
  ["a network with bits beyond its prefix", `${SOURCE}hosts: {allowedNetworks: [10.0.0.1/8]}\n`, ['f:2:27 hosts.allowedNetworks[0]: "10.0.0.1/8" is no network: bits are set beyond its prefix. Write "10.0.0.1" alone for one address, or set the other bits to 0']],
  ["a prefix that IPv4 does not have", `${SOURCE}hosts: {allowedNetworks: [10.0.0.0/33]}\n`, ['f:2:27 hosts.allowedNetworks[0]: "10.0.0.0/33" is no network: a prefix of IPv4 is 32 at most. Write "10.0.0.0" alone for one address, or a prefix of 0 to 32']],
  ["a prefix that IPv6 does not have", `${SOURCE}hosts: {allowedNetworks: ["fd00::/129"]}\n`, ['f:2:27 hosts.allowedNetworks[0]: "fd00::/129" is no network: a prefix of IPv6 is 128 at most. Write "fd00::" alone for one address, or a prefix of 0 to 128']],
  ["a prefix that is no number", `${SOURCE}hosts: {allowedNetworks: [10.0.0.0/x]}\n`, ['f:2:27 hosts.allowedNetworks[0]: "10.0.0.0/x" is no network. Write "10.0.0.0/8", "fd00::/8" or one IP address']],
  ["no network", `${SOURCE}hosts: {allowedNetworks: [all]}\n`, ['f:2:27 hosts.allowedNetworks[0]: "all" is no network. Write "10.0.0.0/8", "fd00::/8" or one IP address']],
  ["an override for nobody", `${SOURCE}hosts: {overrides: [{address: 10.0.0.1}]}\n`, ["f:2:21 hosts.overrides[0]: no host is named. Name the host by exactly one of hostId, name, hostname"]],
  ["an override by two names", `${SOURCE}hosts: {overrides: [{hostId: a, name: b, address: 10.0.0.1}]}\n`, ["f:2:21 hosts.overrides[0]: hostId and name are given. Name the host by exactly one of hostId, name, hostname"]],
  ["two overrides of one host", `${SOURCE}hosts: {overrides: [{hostId: a, address: 10.0.0.1}, {hostId: a, address: 10.0.0.2}]}\n`, ["f:2:53 hosts.overrides[1]: hosts.overrides[0] names the same host and counts. Remove one of the two"]],
  ["an override that is no address", `${SOURCE}hosts: {overrides: [{hostId: a, address: "10.0.0.1:http"}]}\n`, ['f:2:42 hosts.overrides[0].address: "10.0.0.1:http" is no port. Write "10.0.0.7", "10.0.0.7:8080", "[fd00::7]:8080" or "edge-7.example.com:8080"']],
  ["a domain that is no domain", `${SOURCE}placement: {ownership: [{domain: "shop.*", namespaces: []}]}\n`, ['f:2:34 placement.ownership[0].domain: "shop.*" is neither a hostname nor *.hostname: it is a wildcard, which hosts do not know. Write "shop.example.com", or "*.example.com" for all names below']],
  ["a domain in capitals", `${SOURCE}placement: {ownership: [{domain: Shop.test, namespaces: []}]}\n`, ['f:2:34 placement.ownership[0].domain: "Shop.test" has capital letters. Write "shop.test"']],
  ["a domain twice", `${SOURCE}placement: {ownership: [{domain: a.test, namespaces: []}, {domain: a.test, namespaces: [b]}]}\n`, ['f:2:68 placement.ownership[1].domain: "a.test" is the domain of placement.ownership[0] too. Choose another, or merge the two entries']],
  ["TLS without anything to verify by", `${SOURCE}hosts: {groups: [{name: a, tls: {}}]}\n`, ["f:2:33 hosts.groups[0].tls: certificates cannot be verified without caFile. Set caFile to the CA certificates on the Envoy's machine, or insecureSkipVerify: true"]],
  ["TLS that contradicts itself", `${SOURCE}hosts: {groups: [{name: a, tls: {caFile: /c, insecureSkipVerify: true}}]}\n`, ["f:2:66 hosts.groups[0].tls.insecureSkipVerify: caFile is given, and nothing is to be verified. Remove one of the two"]],
  ["two fleets of one name", `${SOURCE}fleets: [{name: a, proxies: {cluster: a}}, {name: a}]\n`, ['f:2:51 fleets[1].name: "a" is the name of fleets[0] too. Choose another, or merge the two entries']],
  ["a fleet that no proxy can belong to", `${SOURCE}fleets: [{name: a}, {name: b}]\n`, ["f:2:21 fleets[1].proxies: no proxy can belong to it: fleets[0] (a) comes first and takes all of them. Tell the fleets apart by proxies, the one for all others last"]],
  ["two fleets for the same proxies", `${SOURCE}fleets: [{name: a, proxies: {cluster: x}}, {name: b, proxies: {cluster: x}}]\n`, ["f:2:63 fleets[1].proxies: no proxy can belong to it: fleets[0] (a) comes first and takes all of them. Tell the fleets apart by proxies, the one for all others last"]],
  ["two listeners on one port", `${SOURCE}fleets: [{name: a, listeners: [{port: 80}, {name: b, address: 127.0.0.1, port: 80}]}]\n`, ["f:2:80 fleets[0].listeners[1].port: port 80 is taken by fleets[0].listeners[0]. Choose another port or address"]],
  ["two listeners on any free port", `${SOURCE}fleets: [{name: a, listeners: [{name: b, port: 0}, {name: c, port: 0}]}]\n`, []],
  ["two listeners of one name", `${SOURCE}fleets: [{name: a, listeners: [{port: 80}, {name: http-80, port: 81}]}]\n`, ['f:2:44 fleets[0].listeners[1]: "http-80" is the name of fleets[0].listeners[0] too. Give it another name']],
  ["a regular expression for a pattern", `${SOURCE}fleets: [{name: a, proxies: {idPattern: "^edge-.*$"}}]\n`, ['f:2:41 fleets[0].proxies.idPattern: "^edge-.*$" looks like a regular expression, and would be compared letter by letter. Write "edge-*": * stands for any characters, ? for one']],
  ["a choice for a pattern", `${SOURCE}fleets: [{name: a, proxies: {idPattern: "(edge|core)-1"}}]\n`, ['f:2:41 fleets[0].proxies.idPattern: "(edge|core)-1" looks like a regular expression, and would be compared letter by letter. Write a pattern such as "edge-*": * stands for any characters, ? for one']],
  ["a pattern with brackets", `${SOURCE}fleets: [{name: a, proxies: {idPattern: "edge-[12]"}}]\n`, ['f:2:41 fleets[0].proxies.idPattern: "edge-[12]" has characters that patterns do not know. Use * and ?, and otherwise printable characters without brackets, braces, backslashes and spaces']],
  ["two answers to an unknown hostname", `${SOURCE}fleets: [{name: a, unknownHostname: {respond: {}, forward: {address: "a:1"}}}]\n`, ["f:2:37 fleets[0].unknownHostname: respond and forward are given, exactly one is needed. Give one of respond, forward"]],
  ["an upstream without port", `${SOURCE}fleets: [{name: a, unknownHostname: {forward: {address: gateway}}}]\n`, ['f:2:57 fleets[0].unknownHostname.forward.address: "gateway" is no address with a port. Write "gateway.example.com:80", "10.0.0.7:80" or "[fd00::7]:80"']],
  ["several faults at once, by place", `${SOURCE}log: {level: x}\nxds: {address: 1, gracems: 1}\n`, ['f:2:14 log.level: "x" is none of the possible values. Use one of trace, debug, info, warn, error, silent', 'f:3:16 xds.address: 1 is not a text. Put it in quotes: "1"', 'f:3:19 xds.gracems: there is no option "gracems" in xds. Did you mean graceMs?']],
];
for (const [why, text, problems] of rows) test(`refused: ${why}`, () => assert.deepEqual(problemsOf(text), problems));
