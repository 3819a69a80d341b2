"""A worker process of this machine: started as a program of its own, fed through a socket, one thread.

It is no fork, so that it may use PyTorch whatever its parent did, and it never imports the parent's main module, so that a
script of a few lines needs no guard. It ends when its parent is gone, however that ended.
"""

from __future__ import annotations

import signal
import sys
import traceback
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Environment of a worker, wherever it runs; it must stand before numerical libraries are loaded."""

READY, DONE, WRONG = "ready", "done", "wrong"


def portable(error: Exception) -> Exception:
    """The error as it can cross between processes; one of Python's own takes its traceback along as a note."""
    from headwinds.errors import HeadwindsError

    if not isinstance(error, HeadwindsError):
        error.add_note("In a worker:\n" + "".join(traceback.format_exception(error)))
    try:
        copy: Any = ForkingPickler.loads(ForkingPickler.dumps(error))
    except Exception:  # whatever a foreign class does when it is copied
        copy = None
    if type(copy) is type(error):
        return error
    plain = RuntimeError(repr(error))
    for note in getattr(error, "__notes__", ()):
        plain.add_note(note)
    return plain


def main(descriptor: int) -> None:
    """Serve the parent at the other end of a socket until it hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's matter
    with Connection(descriptor) as parent:
        try:
            try:
                work = parent.recv()
                held = work.prepare(work.places, work.given)
            except EOFError:
                return
            except Exception as error:  # told to the parent, whatever it is
                parent.send((WRONG, portable(error)))
                return
            parent.send((READY, None))
            while True:
                content = parent.recv()
                try:
                    answer: tuple[str, Any] = (DONE, work.do(held, content))
                except Exception as error:
                    answer = (WRONG, portable(error))
                parent.send(answer)
        except (EOFError, OSError):
            return  # the parent is gone


if __name__ == "__main__":
    main(int(sys.argv[1]))
