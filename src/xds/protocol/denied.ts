/** Thrown for a client that may not have what it asks for; its message is for both sides. Costs that stream alone. */
export class Denied extends Error {}
