"""Where Chinese words begin, by a spacy-pkuseg model, for many characters at a time.

For every character, spacy-pkuseg spells some seventy features and looks each of them up. Every
feature is an n-gram that stands a fixed number of characters away; this finds the n-grams that
have weights by walking a trie from all characters at once, adds their weights up, and leaves the
best path to spacy-pkuseg's own Viterbi. The words are the same, save where two paths are equally
good.
"""

import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final

import numpy as np
import srsly
from numpy.typing import NDArray
from spacy_pkuseg.feature_extractor import FeatureExtractor
from spacy_pkuseg.inference import run_viterbi

Integers = NDArray[np.int64]

FEATURES, WEIGHTS = "features.msgpack", "weights.npz"
"""The files of a model."""

_BIAS: Final = "$$"
"""The feature that every character has; it is the first."""

_NEIGHBOURS: Final = {
    "c": 0,
    "c-1": 1,
    "c1": -1,
    "c-2": 2,
    "c2": -2,
    "c-1c": 1,
    "cc1": 0,
    "c-2c-1": 2,
}
"""Features of one character or two, and how far behind the first the one stands that has them."""

_FARTHEST: Final = 2
"""The greatest distance of `_NEIGHBOURS`."""

_CLASSES: Final = {"**Num": "\ue000", "**Letter": "\ue001"}
"""What every numeral and every full-width letter is read as, and a character in its place."""


class Segmenter:
    """Finds words as `spacy_pkuseg.pkuseg(folder, user_dict=None)` does.

    `edges` are the scores of two tags in a row, shape (n_tags, n_tags), the first by row.
    Source of the features: `spacy_pkuseg/feature_extractor.pyx`, version 1.0.1.
    """

    def __init__(self, model: Mapping[str, bytes]) -> None:
        """Take in the files FEATURES and WEIGHTS of a model, as bytes."""
        features = srsly.msgpack_loads(model[FEATURES])
        with np.load(io.BytesIO(model[WEIGHTS])) as arrays:
            n_tags, n_features = map(int, arrays["sizes"])
            nodes, edges = np.split(arrays["w"].astype(np.float64), [n_features * n_tags])
        self.edges = 1 + edges.reshape(n_tags, n_tags).T
        self._bias = nodes[:n_tags]
        tags = features["tag_to_idx"].items()
        self._begins = np.isin(np.arange(n_tags), [i for name, i in tags if "B" in name])

        rows = {name: row for name, row in features["feature_to_idx"].items() if name != _BIAS}
        ngrams, offsets = zip(*map(_ngram, rows), strict=True)
        codes = _code_points(ngrams)
        known = np.union1d([0], codes)
        self._symbols = _readings(known)
        self._trie = Trie(np.searchsorted(known, codes))
        order = np.argsort(self._trie.ends, kind="stable")
        self._firsts = np.searchsorted(self._trie.ends[order], np.arange(len(self._trie) + 1))
        self._offsets = np.array(offsets)[order]
        self._weights = nodes.reshape(n_features, n_tags)[np.array([*rows.values()])[order]]

    def starts(self, texts: Sequence[str]) -> list[NDArray[np.bool_]]:
        """Return for each text at which of its characters a word begins."""
        scores = self.scores(("\0" * _FARTHEST).join(texts))
        ends = accumulate(len(text) + _FARTHEST for text in texts)
        found = []
        for text, start in zip(texts, [0, *ends], strict=False):
            begins = np.zeros(len(text), dtype=np.bool_)
            if text:
                _, path = run_viterbi(scores[start : start + len(text)], self.edges)
                begins = self._begins[path]
                begins[0] = True
            found.append(begins)
        return found

    def scores(self, text: str) -> NDArray[np.float64]:
        """Return the score of each tag at each character: shape (n_characters, n_tags)."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        symbols = np.pad(self._symbols[codes], _FARTHEST)
        places, nodes = self._trie.find(symbols)
        firsts = self._firsts[nodes]
        counts = self._firsts[nodes + 1] - firsts
        entries = np.repeat(firsts - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        targets = np.repeat(places, counts) + self._offsets[entries]
        scores = np.tile(self._bias, (len(symbols), 1))
        for tag, weights in enumerate(self._weights[entries].T):
            scores[:, tag] += np.bincount(targets, weights, minlength=len(symbols))
        return scores[_FARTHEST:-_FARTHEST]


class Trie:
    """Finds n-grams of symbols, which are numbers from 1 on, at all places of a text at once."""

    def __init__(self, ngrams: Integers) -> None:
        """Hold `ngrams`, one a row, with 0 behind those that are shorter than the longest.

        The node in which each ends is in `ends`. Nodes are numbered level by level, the root is 0.
        An edge is the node above times the number of symbols, plus the symbol; that into node i is
        the number i - 1 in a sorted array.
        """
        self._n_symbols = int(ngrams.max()) + 1
        self.ends = np.zeros(len(ngrams), dtype=np.int64)
        levels: list[Integers] = []
        for column in ngrams.T:
            inside = np.flatnonzero(column)
            edges = self.ends[inside] * self._n_symbols + column[inside]
            level, numbers = np.unique(edges, return_inverse=True)
            self.ends[inside] = 1 + sum(map(len, levels)) + numbers
            levels.append(level)
        self._edges = np.concatenate(levels)

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self._edges) + 1

    def find(self, symbols: NDArray[np.integer]) -> tuple[Integers, Integers]:
        """Return where a beginning of an n-gram begins, and its node.

        `symbols` are those of the n-grams, and 0 for any other; the last one is 0.
        """
        place, length = np.arange(len(symbols)), 0
        node = np.zeros(len(symbols), dtype=np.int64)
        places, nodes = [place], [node]
        while len(place):
            edges = node * self._n_symbols + symbols[place + length]
            found = np.searchsorted(self._edges, edges)
            is_there = self._edges[np.minimum(found, len(self._edges) - 1)] == edges
            place, node, length = place[is_there], found[is_there] + 1, length + 1
            places.append(place)
            nodes.append(node)
        return np.concatenate(places), np.concatenate(nodes)


def _ngram(feature: str) -> tuple[str, int]:
    """Return the n-gram of a feature, and how far behind its start the character stands."""
    kind, _, rest = feature.partition(".")
    if kind in _NEIGHBOURS:
        characters = rest.split(".")
        if "*" in rest:
            characters = [_CLASSES.get(character, character) for character in characters]
        return "".join(characters), _NEIGHBOURS[kind]
    if kind == "ww":  # two words: the character begins the second (l) or ends the first (r)
        side, _, words = rest.partition(".")
        first, second = words.split("*")
        return first + second, len(first) - (side == "r")
    return rest, len(rest) - 1 if kind == "w-1" else 0  # a word that ends or begins here


def _code_points(texts: Sequence[str]) -> NDArray[np.uint32]:
    """Return the code points of each text, with 0 behind it: shape (n_texts, longest)."""
    return np.array(texts, dtype=np.str_).view(np.uint32).reshape(len(texts), -1)


def _readings(known: Iterable[int]) -> NDArray[np.int32]:
    """Return the symbol as which each code point is read: its number in `known`, or 0."""
    numbers = {code: number for number, code in enumerate(known) if number}
    table = np.zeros(sys.maxunicode + 1, dtype=np.int32)
    table[list(numbers)] = list(numbers.values())
    for character in FeatureExtractor.num | FeatureExtractor.letter | {*FeatureExtractor.keywords}:
        (form,) = FeatureExtractor.normalize_text(character)
        table[ord(character)] = numbers.get(ord(_CLASSES.get(form, form)), 0)
    for character in _CLASSES.values():
        table[ord(character)] = 0
    return table
