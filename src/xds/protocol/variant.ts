/** The two variants of the protocol, as a session needs them. */
import { decode } from "../../codec/decode.ts";
import type { DeltaDiscoveryRequest, DiscoveryRequest } from "../../codec/generated/messages.ts";
import type { Channel, ChannelParts } from "./channel.ts";
import { DeltaChannel } from "./delta-channel.ts";
import { SotwChannel } from "./sotw-channel.ts";

/** What all channels of a server share. */
export type ChannelOptions = Pick<ChannelParts, "bounds" | "reword">;

/** Requests and channels of one variant. */
export interface Variant<Request> {
  readonly name: "delta" | "sotw";
  /** Number of the node's field in the request. */
  readonly nodeField: number;
  /** Throws DecodeError. */
  readonly decode: (bytes: Buffer) => Request;
  readonly channel: (parts: Omit<ChannelParts, keyof ChannelOptions>) => Channel<Request>;
}

/** Incremental xDS. */
export function deltaVariant(options: ChannelOptions): Variant<DeltaDiscoveryRequest> {
  return {
    name: "delta",
    nodeField: 1,
    decode: (bytes) => decode("envoy.service.discovery.v3.DeltaDiscoveryRequest", bytes),
    channel: (parts) => new DeltaChannel({ ...parts, ...options }),
  };
}

/** State of the world. */
export function sotwVariant(options: ChannelOptions): Variant<DiscoveryRequest> {
  return {
    name: "sotw",
    nodeField: 2,
    decode: (bytes) => decode("envoy.service.discovery.v3.DiscoveryRequest", bytes),
    channel: (parts) => new SotwChannel({ ...parts, ...options }),
  };
}
