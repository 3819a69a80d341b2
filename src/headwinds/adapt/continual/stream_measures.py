"""What a stream of tasks did to a learner, from its accuracy on every task after every task."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def average_accuracy(accuracy: NDArray[np.float64]) -> float:
    """Mean accuracy over all tasks after the last one (Lopez-Paz, Ranzato 2017, sec. 2, ACC).

    Parameters
    ----------
    accuracy
        Shape (tasks, tasks): row i is after task i was learnt, column j is the test of task j.
    """
    return float(accuracy[-1].mean())


def backward_transfer(accuracy: NDArray[np.float64]) -> float:
    """Mean over the earlier tasks of what learning the later ones gave them; below 0 it is forgetting.

    Accuracy after the last task less that just after its own (Lopez-Paz, Ranzato 2017, sec. 2, BWT); NaN of a single task.
    """
    import numpy as np

    earlier = len(accuracy) - 1
    if earlier < 1:
        return float("nan")
    return float(np.mean([accuracy[-1, task] - accuracy[task, task] for task in range(earlier)]))


def forgetting(accuracy: NDArray[np.float64]) -> float:
    """Mean over the earlier tasks of the best accuracy ever had less the last one (Chaudhry et al. 2018, eq. 3).

    The best is over the rows from the task's own to the last but one; NaN of a single task.
    """
    import numpy as np

    earlier = len(accuracy) - 1
    if earlier < 1:
        return float("nan")
    return float(np.mean([accuracy[task:-1, task].max() - accuracy[-1, task] for task in range(earlier)]))
