"""Muon: momentum whose update is made orthogonal, for weight matrices; everything else is left to AdamW.

The update of a matrix is scaled to a root mean square of .2, about that of an AdamW step, so that one
learning rate serves both."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

NEWTON_STEPS = 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
UPDATE_SIZE = 0.2


def orthogonal(matrix: Tensor) -> Tensor:
    """(groups, rows, columns) -> the nearest matrices with singular values near one (Newton-Schulz iteration)."""
    a, b, c = COEFFICIENTS
    x = matrix.bfloat16()
    flipped = x.shape[1] > x.shape[2]
    if flipped:
        x = x.transpose(1, 2)
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    for _ in range(NEWTON_STEPS):
        square = x @ x.transpose(1, 2)
        x = a * x + (b * square + c * square @ square) @ x
    if flipped:
        x = x.transpose(1, 2)
    return x.to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """parameters: pairs (parameter, groups), for weights (outputs, inputs / groups, ...)."""

    def __init__(
        self,
        parameters: list[tuple[nn.Parameter, int]],
        lr: float = 2e-3,
        momentum: float = 0.95,
        weight_decay: float = 0.02,
    ) -> None:
        self.groups_of = {id(parameter): groups for parameter, groups in parameters}
        super().__init__(
            [parameter for parameter, _ in parameters], {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        )

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(parameter)
                momentum = state["momentum"].mul_(group["momentum"]).add_(parameter.grad)
                ahead = parameter.grad + group["momentum"] * momentum
                groups = self.groups_of[id(parameter)]
                stacked = ahead.reshape(groups, parameter.shape[0] // groups, -1)
                update = orthogonal(stacked) * (UPDATE_SIZE * max(stacked.shape[1:]) ** 0.5)
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update.reshape(parameter.shape), alpha=-group["lr"])


def make_optimisers(network: nn.Module, others: Iterable[nn.Parameter], kind: str) -> list[torch.optim.Optimizer]:
    """kind "muon": Muon for the network's hidden matrices and AdamW for the rest; "adamw": AdamW for everything.

    `others` are parameters outside the network (class centres, hint layer), always with AdamW."""
    matrices, rest = [], list(others)
    for _name, module in network.named_modules():
        for short, parameter in module.named_parameters(recurse=False):
            hidden = parameter.dim() >= 2 and min(parameter.shape[0], parameter[0].numel()) >= 16
            if kind == "muon" and hidden and short == "weight":
                matrices.append((parameter, getattr(module, "groups", 1)))
            else:
                rest.append(parameter)
    optimisers: list[torch.optim.Optimizer] = [torch.optim.AdamW(rest, betas=(0.9, 0.98), weight_decay=0.02)]
    if matrices:
        optimisers.append(Muon(matrices))
    return optimisers
