"""Do the intervals cover as often as they say? Every estimator, where its assumptions hold and where they fail.

The worlds are those of the tests.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
