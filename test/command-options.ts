/** What the commands of the bench and the laboratory are told: values checked, errors that name the option and what to write. */

/** @throws unless it is one of those known. */
export function oneOf<Value extends string>(option: string, value: string, known: readonly Value[]): Value {
  const found = known.find((one) => one === value);
  if (found === undefined) throw new Error(`--${option} ${value}: write one of ${known.join(", ")}`);
  return found;
}

/** @throws unless it is a whole number, and not below `least`. */
export function wholeNumber(option: string, text: string, least = 1): number {
  const value = Number(text);
  if (text !== "" && Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${option} ${text}: write a whole number from ${least} on`);
}
