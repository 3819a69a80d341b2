"""A server of several fitted models with no registry, and of analyses of panels where it is said.

python -m benchmarks.serving.serve_folders PORT [--explain] NAME=FOLDER ...
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from headwinds.serve.serving import serve
from headwinds.serve.shelf import Shelf, shelf_of_folder
from headwinds.web.listening import Address


def main() -> None:
    models = {}
    explain = "--explain" in sys.argv
    for one in sys.argv[2:]:
        if one == "--explain":
            continue
        name, _, folder = one.partition("=")
        models |= shelf_of_folder(Path(folder), name).models
    address = Address(port=int(sys.argv[1]), token=os.environ.get("HEADWINDS_TOKEN", ""))
    serve(Shelf(models), address, explain=explain, ready=lambda url: print(url, flush=True))


if __name__ == "__main__":
    main()
