"""Where bfloat16 is computed in hardware it is used, elsewhere float32."""

from __future__ import annotations

import torch


def fast_precision(device: str) -> torch.autocast:
    """bfloat16 on GPUs and processors with instructions for it; without them it takes three times as long."""
    has_instructions = device != "cpu" or torch.cpu._is_avx512_bf16_supported()
    return torch.autocast(device, dtype=torch.bfloat16, enabled=has_instructions)
