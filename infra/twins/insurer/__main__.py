"""Starts the twin: `python -m infra.twins.insurer --help`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from infra.twins.insurer import faults, folder, spoil
from infra.twins.insurer.opener import SUITES, Opener
from infra.twins.insurer.postman import Postman
from infra.twins.insurer.receive import Receiver
from infra.twins.insurer.server import Server
from infra.twins.insurer.store import Store
from infra.twins.insurer.wire import Keys


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m infra.twins.insurer", description="A stand-in of the insurer")
    parser.add_argument("--port", type=int, required=True, help="0 picks a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder of the twin's own state")
    parser.add_argument("--keys", type=Path, required=True, help="folder with office.pub.pem")
    parser.add_argument("--office-url", required=True, help="base address of the office's webhook")
    parser.add_argument("--seed", type=int, default=0, help="goes into numbers and message ids")
    parser.add_argument("--auto-ack", action="store_true", help="acknowledge each dossier at once")
    parser.add_argument("--faults", default="", help="CLAIM:NAME:TIMES[:ON],…")
    parser.add_argument("--suite", choices=SUITES, default="gm", help="algorithms of sealed packages")
    parser.add_argument("--sftp-port", type=int, help="serve the batch folder over SFTP instead of webhooks; 0 picks a free port")
    given = parser.parse_args()
    store, keys = Store(given.data), Keys(given.keys)
    faults.arm(store, given.faults)
    opener = Opener(given.keys, given.suite)
    receiver = Receiver(store, opener, seed=given.seed, auto_ack=given.auto_ack)
    server = Server(given.port, store=store, keys=keys, receiver=receiver, seed=given.seed, data=given.data)
    again = [*sys.argv[1:], "--port", str(server.server_port)]
    if given.sftp_port is None:
        Postman(store, keys, given.office_url).start()
    else:
        sftp_port = folder.serve(given.data / "folder", given.keys, given.sftp_port)
        again += ["--sftp-port", str(sftp_port)]
        folder.Clerk(given.data / "folder", store, receiver, opener).start()
        print(f"insurer twin serving its folder on 127.0.0.1:{sftp_port}", flush=True)
    spoil.remember(again)
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(SystemExit(0)))
    print(f"insurer twin listening on 127.0.0.1:{server.server_port}", flush=True)
    print(f"insurer twin pages on http://127.0.0.1:{server.server_port}/pages?token={server.token}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("insurer twin stopped", flush=True)


if __name__ == "__main__":
    main()
