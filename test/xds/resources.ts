/** Resources for tests: small bodies of which only the bytes matter, in the shape that a fleet has. */
import type { Resource, ResourceChange, ResourceRef, WholeResource } from "../../src/codec/resource.ts";
import { versionOf } from "../../src/codec/version.ts";
import { ASSIGNMENT, CLUSTER, LISTENER, ROUTE, SCOPED_ROUTE } from "../../src/xds/type-urls.ts";

export { ASSIGNMENT, CLUSTER, LISTENER, ROUTE, SCOPED_ROUTE };
export const ROUTES = "edge/routes";

const encoder = new TextEncoder();

/** A whole resource whose body is a text: field 1 is its name and a content, so that it can be read back from the bytes alone. */
export function whole(type: string, name: string, content = "1", more: Partial<WholeResource> = {}): WholeResource {
  const body = `${name} ${content}`;
  const bytes = encoder.encode(field("\n", body));
  const subject = { kind: "Test", namespace: "shop", name };
  return {
    kind: "whole",
    type,
    name,
    version: versionOf(bytes),
    bytes,
    requires: [],
    companion: undefined,
    subject,
    ...more,
  };
}

export const cluster = (name: string, body?: string): Resource =>
  whole(CLUSTER, name, body, { companion: { type: ASSIGNMENT, name } });

export const assignment = (name: string, body?: string): Resource => whole(ASSIGNMENT, name, body);

const needs = (name: string): readonly ResourceRef[] => [{ type: CLUSTER, name }];

export const scope = (name: string, body?: string, to = name): Resource =>
  whole(SCOPED_ROUTE, name, body, { requires: needs(to) });

/** The head of a composed route configuration. */
export const head = (name: string, body?: string): Resource => {
  const { type, bytes, requires, subject, version } = whole(ROUTE, name, body);
  return { kind: "composed", type, name, version, bytes, requires, subject };
};

const field = (tag: string, text: string): string => `${tag}${String.fromCharCode(text.length)}${text}`;

/** One virtual host of it: field 2 of RouteConfiguration, with its name and one domain, which is the content. */
export const part = (of: string, name: string, content = "1"): Resource => {
  const bytes = encoder.encode(field("\x12", field("\n", name) + field("\x12", content)));
  const { subject } = whole(ROUTE, name);
  return { kind: "part", of, type: ROUTE, name, version: versionOf(bytes), bytes, requires: needs(name), subject };
};

/** Everything of one hostname in the rds layout. */
export const hostname = (name: string, body?: string): readonly ResourceChange[] => [
  { put: cluster(name) },
  { put: assignment(name, body) },
  { put: part(ROUTES, name) },
];

export const withoutHostname = (name: string): readonly ResourceChange[] => [
  { remove: { type: CLUSTER, name } },
  { remove: { type: ASSIGNMENT, name } },
  { remove: { type: ROUTE, name, of: ROUTES } },
];

/** Listener and head of the fleet. */
export const fleet = (): readonly ResourceChange[] => [{ put: whole(LISTENER, "edge") }, { put: head(ROUTES) }];
