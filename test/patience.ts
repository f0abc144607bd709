/**
 * How long a test waits for a fact before it fails, in ms. Never the measure of anything: a machine that is busy building an API server beside the
 * tests takes ten times as long as an idle one, and a fact that never comes is worth two minutes of waiting once.
 */
export const PATIENCE_MS = 120_000;
