"""A host whose machine goes away behind open connections: it serves, and from the signal USR1 on, its kernel drops whatever comes, unacknowledged.
A packet filter on a socket sees segments before TCP does, needs no rights, and so loopback can be cut where there is no cable to pull."""

import ctypes
import signal
import socket
import struct
import threading

SO_ATTACH_FILTER = 26  # asm-generic/socket.h
DROP = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF_RET | BPF_K: keep 0 bytes
open_sockets = []


def cut(*_):
    program = struct.pack("HL", 1, ctypes.addressof(DROP))
    for one in open_sockets:
        one.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
    print("cut", flush=True)


def serve(connection):
    received = b""
    while True:
        chunk = connection.recv(65536)
        if chunk == b"":
            return
        received += chunk
        while b"\r\n\r\n" in received:  # requests of the test have no body
            received = received.split(b"\r\n\r\n", 1)[1]
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ncut off\n")


signal.signal(signal.SIGUSR1, cut)
listener = socket.create_server(("127.0.0.1", 0))
open_sockets.append(listener)


def accept():
    while True:
        connection, _ = listener.accept()
        open_sockets.append(connection)
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


threading.Thread(target=accept, daemon=True).start()
print("port %d" % listener.getsockname()[1], flush=True)
while True:
    signal.pause()
