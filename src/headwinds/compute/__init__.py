"""Where work runs: in this process, in worker processes of this machine, or on a Ray cluster; the bytes are the same."""
