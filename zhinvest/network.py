"""The network of `zhinvest.encoder`: BERT over character indices, in PyTorch alone."""

import io
import os
from contextlib import nullcontext
from functools import cache
from typing import Final, cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

PAD: Final = 1
"""Index that marks a position without character."""

_SCORES: Final = 2**22
"""So many scores of attention are computed at once on a CPU: more would leave its caches."""

_NOTHING: Final = -1e9
_PROCESS: Final = os.getpid()
"""The process that loaded PyTorch: one with another number was forked from it."""

_FLOATS: Final = 16
_INTEGERS: Final = (6, 7, 8)
_SCALES: Final = ".scales"
_SMALLEST: Final = 1e-8


class Layer(nn.Module):
    """One transformer layer, normalised after each half, as BERT's."""

    def __init__(self, width: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.n1, self.n2 = nn.LayerNorm(width, eps=1e-12), nn.LayerNorm(width, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return vectors of the shape of `x`: (batch, positions, width).

        On a CPU attention learns without dropout, which takes three times as long there.
        """
        batch, length, width = x.shape
        shape = (batch, length, 3, self.heads, width // self.heads)
        q, k, v = self.qkv(x).view(shape).permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training and x.is_cuda else 0.0
        if x.is_cuda or q.dtype != torch.bfloat16:
            attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
        else:
            attended = attend(q, k, v, mask)
        attended = self.out(attended.transpose(1, 2).reshape(batch, length, width))
        x = self.n1(x + F.dropout(attended, self.dropout, self.training))
        return cast(Tensor, self.n2(x + F.dropout(self._feed(x), self.dropout, self.training)))

    def _feed(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.down(F.gelu(self.up(x))))


class Encoder(nn.Module):
    """A BERT encoder over character indices."""

    def __init__(
        self, vocab: int, width: int, depth: int, heads: int, positions: int, dropout: float
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.word, self.pos = nn.Embedding(vocab, width), nn.Embedding(positions, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(Layer(width, heads, 4 * width, dropout) for _ in range(depth))

    def forward(self, indices: Tensor) -> Tensor:
        """Return vectors of shape (batch, positions, width) for indices (batch, positions).

        Outside training, a CPU with instructions for bfloat16 multiplies matrices in that type. A
        forked process (`nlp.pipe` with `n_process`) computes in one thread: it would wait for ever
        for the threads that its parent has.
        """
        if os.getpid() != _PROCESS and torch.get_num_threads() > 1:
            torch.set_num_threads(1)
        fast = not self.training and indices.device.type == "cpu" and has_bfloat16()
        with torch.autocast("cpu", torch.bfloat16) if fast else nullcontext():
            return self._encode(indices).float()

    def _encode(self, indices: Tensor) -> Tensor:
        padding = indices == PAD
        mask = ~padding[:, None, None, :] if padding.any() else None
        x = self.norm(self.word(indices) + self.pos.weight[: indices.shape[1]])
        x = F.dropout(x, self.dropout, self.training)
        for layer in self.layers:
            x = layer(x, mask)
        return cast(Tensor, x)


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Return attention over queries, keys and values of shape (batch, heads, positions, size).

    Multiplies whole matrices, a few heads at a time, which in bfloat16 a CPU does twice as fast as
    PyTorch's own function, and three times where gradients are wanted. `mask` is None or true where
    a key counts: shape (batch, 1, 1, positions).
    """
    batch, heads, length, size = q.shape
    flat = [part.reshape(batch * heads, length, size) for part in (q * size**-0.5, k, v)]
    bias = None
    if mask is not None:
        bias = torch.zeros(mask.shape, dtype=q.dtype).masked_fill(~mask, _NOTHING)
        bias = bias.expand(batch, heads, 1, length).reshape(batch * heads, 1, length)
    parts = []
    step = max(1, _SCORES // length**2)
    for start in range(0, batch * heads, step):
        queries, keys, values = (part[start : start + step] for part in flat)
        scores = queries @ keys.transpose(-1, -2)
        if bias is not None:
            scores += bias[start : start + step]
        parts.append(scores.softmax(-1) @ values)
    return torch.cat(parts).view(q.shape)


@cache
def has_bfloat16() -> bool:
    """Return whether this CPU multiplies matrices in bfloat16 faster than in 32 bits.

    An older PyTorch does not tell what the CPU has: then the answer is no.
    """
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def weight_bytes(network: nn.Module, bits: int) -> bytes:
    """Return the weights in 16 or 6 to 8 bits each.

    In 8 bits each row of a matrix is integers and a scale, which makes its largest weight 127;
    vectors stay 16-bit floats. Fewer bits take a byte each too, but one that can be compressed.

    Raises:
        ValueError: `bits` is another number.
    """
    if bits not in (*_INTEGERS, _FLOATS):
        raise ValueError(f"weights are kept in 6 to 8 or 16 bits, not in {bits}")
    largest = 2 ** (bits - 1) - 1
    state: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        if not value.is_floating_point():
            state[name] = value.cpu()
        elif bits == _FLOATS or value.ndim == 1:
            state[name] = value.half().cpu()
        else:
            rows = value.float().flatten(1).cpu()
            scales = rows.abs().amax(1).clamp(min=_SMALLEST) / largest
            state[name] = (rows / scales[:, None]).round().to(torch.int8).view(value.shape)
            state[name + _SCALES] = scales
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def from_weight_bytes(network: nn.Module, data: bytes, device: torch.device) -> nn.Module:
    """Fill `network` with what `weight_bytes` gave, as 32-bit floats on `device`."""
    state = torch.load(io.BytesIO(data), map_location=device, weights_only=True)
    for name in [name for name in state if name.endswith(_SCALES)]:
        matrix = name.removesuffix(_SCALES)
        scales = state.pop(name)
        state[matrix] = state[matrix] * scales.view(-1, *[1] * (state[matrix].ndim - 1))
    network.load_state_dict(state)
    return network.to(device)


def bert_state(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return BertModel's weights under this module's names, as 32-bit floats."""
    get = {name: value.float() for name, value in weights.items()}.__getitem__
    embeddings = "embeddings."
    first_type = get(f"{embeddings}token_type_embeddings.weight")[0]
    state = {
        "word.weight": get(f"{embeddings}word_embeddings.weight"),
        "pos.weight": get(f"{embeddings}position_embeddings.weight") + first_type,
    }
    parts = {
        "out": "attention.output.dense",
        "n1": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "n2": "output.LayerNorm",
    }
    for kind in ("weight", "bias"):
        state[f"norm.{kind}"] = get(f"{embeddings}LayerNorm.{kind}")
        for i in range(sum(name.endswith("attention.self.query.bias") for name in weights)):
            layer = f"encoder.layer.{i}."
            heads = [get(f"{layer}attention.self.{n}.{kind}") for n in ("query", "key", "value")]
            state[f"layers.{i}.qkv.{kind}"] = torch.cat(heads)
            for ours, theirs in parts.items():
                state[f"layers.{i}.{ours}.{kind}"] = get(f"{layer}{theirs}.{kind}")
    return state
