/** The gRPC admin service as grpc-js sees it, from proto/signalbox/admin/v1/admin.proto: for the server here and the client of the command line. */
import { fileURLToPath } from "node:url";
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** The package holds its .proto files two folders above this file, compiled or not. */
const PROTO = fileURLToPath(new URL("../../proto/signalbox/admin/v1/admin.proto", import.meta.url));

/** Reads the .proto file: a client's constructor, with the service's definition in its `service`. Fields are in camelCase, those left out have their default. */
export function adminService(): ServiceClientConstructor {
  const loaded = loadPackageDefinition(loadSync(PROTO, { defaults: true, longs: Number, oneofs: true }));
  const found = ["signalbox", "admin", "v1", "AdminService"].reduce<unknown>(
    (within, name) => (within as GrpcObject | undefined)?.[name],
    loaded,
  );
  if (typeof found !== "function") throw new Error(`${PROTO} holds no signalbox.admin.v1.AdminService`);
  return found as ServiceClientConstructor;
}
