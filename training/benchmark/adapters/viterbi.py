"""The best sequence of tags: what FoolNLTK takes from TensorFlow 1. Needs numpy."""

import numpy as np
from numpy.typing import NDArray


def viterbi_decode(
    score: NDArray[np.float64], transitions: NDArray[np.float64]
) -> tuple[list[int], float]:
    """Return the best sequence of tags and its score, as `tensorflow.contrib.crf` does.

    Args:
        score: Unary scores, shape (length, tags).
        transitions: Scores of a tag (row) followed by another (column), shape (tags, tags).
    """
    best = score[0]
    back = []
    for unary in score[1:]:
        paths = best[:, None] + transitions
        back.append(paths.argmax(axis=0))
        best = unary + paths.max(axis=0)
    tags = [int(best.argmax())]
    for pointers in reversed(back):
        tags.append(int(pointers[tags[-1]]))
    return tags[::-1], float(best.max())
