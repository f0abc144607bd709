/** A request that no correct client sends. Its stream is ended with these words; the process and the other streams go on. */
export class Garbage extends Error {}
