/** The option by which commands are told the configuration: `-c file` of all of them. */
export function configOption(summary: string) {
  return { type: "string", short: "c", value: "file", summary } as const;
}
