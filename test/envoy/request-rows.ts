/** Everything that is promised about a request, for every delivery, layout and Envoy alike. */
import { FROZEN_ROWS } from "./rows/frozen-rows.ts";
import { HEADER_ROWS } from "./rows/header-rows.ts";
import { HOSTNAME_ROWS } from "./rows/hostname-rows.ts";
import { MOVE_ROWS } from "./rows/move-rows.ts";
import type { RequestRow } from "./rows/row.ts";
import { STREAM_ROWS } from "./rows/stream-rows.ts";

export const REQUEST_ROWS: readonly RequestRow[] = [
  ...HOSTNAME_ROWS,
  ...HEADER_ROWS,
  ...MOVE_ROWS,
  ...FROZEN_ROWS,
  ...STREAM_ROWS,
];
