/** Much to do, some of it at a time. */

/** As many writers as an API server on two cores takes without queueing. */
const WRITERS = 16;

/** Does `one` for all, WRITERS at a time, in order. Rejects with the first failure. */
export async function atOnce<Item>(items: readonly Item[], one: (item: Item) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      for (const item of rest) await one(item);
    }),
  );
}
