/** A gRPC request that cannot be answered as it is; the client gets the status (INVALID_ARGUMENT unless told) and these words, which begin with the field. */
import { status } from "@grpc/grpc-js";

export class BadRequest extends Error {
  readonly code: status;

  constructor(words: string, code: status = status.INVALID_ARGUMENT) {
    super(words);
    this.code = code;
  }
}
