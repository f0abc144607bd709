/** Which clients a request of the Client Status Discovery Service is about (envoy.type.matcher.v3.NodeMatcher). Pure. */
import type { EnvoyTypeMatcherStringMatcher, NodeMatcher, StructMatcher } from "../codec/generated/messages.ts";
import type { NodeIdentity } from "../xds/observer.ts";
import { BadRequest } from "./bad-request.ts";

type Fits = (node: NodeIdentity) => boolean;

/**
 * A client fits if any matcher does, and each of a matcher's criteria must; without matchers all fit. What is not supported is refused, since an answer about
 * other clients than those asked for would mislead: regular expressions (of a stranger, run on our event loop), values that are no texts, nested metadata.
 * @throws BadRequest
 */
export function nodeFits(matchers: readonly NodeMatcher[]): Fits {
  const fits = matchers.map((matcher, at) => fitsOne(matcher, `node_matchers[${at}]`));
  return (node) => fits.length === 0 || fits.some((one) => one(node));
}

function fitsOne({ nodeId, nodeMetadatas = [] }: NodeMatcher, path: string): Fits {
  const id = nodeId === undefined ? undefined : textFits(nodeId, `${path}.node_id`);
  const metadata = nodeMetadatas.map((matcher, at) => metadataFits(matcher, `${path}.node_metadatas[${at}]`));
  return (node) => (id === undefined || id(node.id)) && metadata.every((fits) => fits(node));
}

function metadataFits({ path = [], value }: StructMatcher, at: string): Fits {
  const key = path[0]?.key;
  if (key === undefined || path.length > 1)
    throw new BadRequest(`${at}.path: name one field of the metadata; those within fields are not kept`);
  if (value?.stringMatch === undefined)
    throw new BadRequest(`${at}.value: write a string_match; numbers and booleans are compared as texts`);
  const fits = textFits(value.stringMatch, `${at}.value.string_match`);
  return ({ metadata }) => {
    const found = metadata.get(key);
    return found !== undefined && fits(found);
  };
}

function textFits(matcher: EnvoyTypeMatcherStringMatcher, at: string): (text: string) => boolean {
  const { exact, prefix, suffix, contains, ignoreCase = false } = matcher;
  const folded = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  if (exact !== undefined) return (text) => folded(text) === folded(exact);
  if (prefix !== undefined) return (text) => folded(text).startsWith(folded(prefix));
  if (suffix !== undefined) return (text) => folded(text).endsWith(folded(suffix));
  if (contains !== undefined) return (text) => folded(text).includes(folded(contains));
  throw new BadRequest(`${at}: write one of exact, prefix, suffix, contains; others are not supported`);
}
