"""A server of several fitted models with no registry: `` -m benchmarks.serving.serve_folders PORT NAME=FOLDER ...``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from headwinds.serve.serving import serve
from headwinds.serve.shelf import Shelf, shelf_of_folder
from headwinds.web.listening import Address


def main() -> None:
    models = {}
    for one in sys.argv[2:]:
        name, _, folder = one.partition("=")
        models |= shelf_of_folder(Path(folder), name).models
    address = Address(port=int(sys.argv[1]), token=os.environ.get("HEADWINDS_TOKEN", ""))
    serve(Shelf(models), address, ready=lambda url: print(url, flush=True))


if __name__ == "__main__":
    main()
