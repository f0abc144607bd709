"""Passes connections on to an address (first argument, host:port), and loses the path of those that are open at the signal USR1: nothing of either side reaches the
other any more, nothing is acknowledged, nobody is told. Connections of later pass. A packet filter on a socket sees segments before TCP does, and needs no rights."""

import ctypes
import signal
import socket
import struct
import sys
import threading

SO_ATTACH_FILTER = 26  # asm-generic/socket.h
DROP = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF_RET | BPF_K: keep 0 bytes
host, port = sys.argv[1].rsplit(":", 1)
pairs = []
lost = set()


def lose(*_):
    program = struct.pack("HL", 1, ctypes.addressof(DROP))
    for client, server in pairs:
        client.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
        lost.update((client, server))
    print("lost %d" % len(pairs), flush=True)
    pairs.clear()


def pump(source, target):
    try:
        while chunk := source.recv(65536):
            if source not in lost:
                target.sendall(chunk)
        if source not in lost:
            target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one side is gone, and the other is told by its own pump


signal.signal(signal.SIGUSR1, lose)
listener = socket.create_server(("127.0.0.1", 0))


def accept():
    while True:
        client, _ = listener.accept()
        server = socket.create_connection((host, int(port)))
        pairs.append((client, server))
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=pump, args=(source, target), daemon=True).start()


threading.Thread(target=accept, daemon=True).start()
print("port %d" % listener.getsockname()[1], flush=True)
while True:
    signal.pause()
