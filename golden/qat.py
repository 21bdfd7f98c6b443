"""Makes golden/qat/learned-steps.json with torch's autograd: weights rounded by learned steps as the pseudocode of LSQ has it
(Esser et al., arXiv 1902.08153, appendix), the gradients of weights and steps, and the steps to start from: of shares of the
step that fits, the one of the least squared error.

    python golden/qat.py
"""

from __future__ import annotations

import json
from pathlib import Path

import torch

GRIDS = ((2, 8), (3, 4), (4, 16), (8, 16))
SHARES = (1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)


def gradscale(x: torch.Tensor, scale: float) -> torch.Tensor:
    return (x - x * scale).detach() + x * scale


def roundpass(x: torch.Tensor) -> torch.Tensor:
    return (x.round() - x).detach() + x


def quantize(v: torch.Tensor, s: torch.Tensor, lo: int, hi: int) -> torch.Tensor:
    s = gradscale(s, 1 / (v.shape[-1] * hi) ** 0.5)
    return roundpass((v / s).clamp(lo, hi)) * s


def first_steps(v: torch.Tensor, lo: int, hi: int) -> torch.Tensor:
    fits = v.abs().amax(-1, keepdim=True) / hi
    steps = torch.cat([fits * share for share in SHARES], -1)
    errors = [((quantize(v, s, lo, hi) - v) ** 2).sum(-1) for s in steps.unsqueeze(-1).unbind(-2)]
    return steps.gather(-1, torch.stack(errors, -1).argmin(-1, keepdim=True))


def main() -> None:
    torch.manual_seed(3)
    out_dim, in_dim = 3, 16
    cases = []
    for bits, group in GRIDS:
        hi = 2 ** (bits - 1) - 1
        weight = torch.randn(out_dim, in_dim, requires_grad=True)
        lo = -hi if bits == 8 else -hi - 1
        first = first_steps(weight.detach().view(-1, group), lo, hi).view(out_dim, -1)
        # Mostly below where they start, so that numbers are out of range.
        steps = (first * (0.3 + torch.rand_like(first))).requires_grad_()
        gradient = torch.randn(out_dim, in_dim)
        groups = quantize(weight.view(-1, group), steps.view(-1, 1), lo, hi)
        rounded = groups.view(out_dim, in_dim)
        rounded.backward(gradient)
        named = {
            "weight": weight,
            "first": first,
            "steps": steps,
            "gradient": gradient,
            "rounded": rounded,
            "weightGradient": weight.grad,
            "stepsGradient": steps.grad,
        }
        numbers = {name: [round(x, 9) for x in t.flatten().tolist()] for name, t in named.items()}
        cases.append({"bits": bits, "group": group, **numbers})
    made = {"torch": torch.__version__, "shape": [out_dim, in_dim], "cases": cases}
    (Path(__file__).parent / "qat" / "learned-steps.json").write_text(json.dumps(made) + "\n")


if __name__ == "__main__":
    main()
