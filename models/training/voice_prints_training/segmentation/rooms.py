"""Simulated rooms for the mixtures: what several people in one room send to one microphone.

usage: python -m voice_prints_training.segmentation.rooms OUT.npz [--rooms 300] [--seed 1]
Image-source simulation (pyroomacoustics, MIT) of shoebox rooms with reverberation times of .15 to .9 s. Each room has
one microphone (on a table, a wall or under the ceiling) and six mouths at .3 to 6 m from it. OUT.npz holds
    responses      (rooms, 6, 12000) float16 at 16 kHz, from 1 ms before the nearest mouth's direct sound on; levels
                   within a room are as the distances make them, the loudest mouth has unit energy
    distances      (rooms, 6) metres
    reverberation  (rooms,) seconds
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

SAMPLE_RATE_HZ = 16_000
MOUTHS = 6
RESPONSE_SAMPLES = 12_000
LEAD_SAMPLES = 16
NEAREST_M, FARTHEST_M = 0.3, 6.0
HIGHEST_ORDER = 14


def draw_room(rng: np.random.Generator) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
    """-> size (3,), reverberation time in seconds, microphone (3,), mouths (6, 3)."""
    size = np.array([rng.uniform(2.4, 9), rng.uniform(2.4, 8), rng.uniform(2.3, 3.6)])
    reverberation = float(np.clip(rng.gamma(4, 0.1) * (size.prod() / 60) ** 0.25, 0.15, 0.9))
    height = rng.choice([0.75, 1.1, 1.4, size[2] - 0.15])
    microphone = np.array([rng.uniform(0.2, size[0] - 0.2), rng.uniform(0.2, size[1] - 0.2), height])
    mouths: list[np.ndarray] = []
    while len(mouths) < MOUTHS:
        mouth = np.array([rng.uniform(0.3, size[0] - 0.3), rng.uniform(0.3, size[1] - 0.3), rng.uniform(1.0, 1.8)])
        if rng.random() < 0.4:  # near the device, as most people sit
            direction = rng.standard_normal(3) * [1, 1, 0.3]
            mouth = microphone + direction / np.linalg.norm(direction) * rng.uniform(NEAREST_M, 1.5)
        inside = bool(np.all(mouth > 0.1) and np.all(mouth < size - 0.1))
        if inside and NEAREST_M <= np.linalg.norm(mouth - microphone) <= FARTHEST_M:
            mouths.append(mouth)
    return size, reverberation, microphone, np.array(mouths)


def simulate(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """One room -> responses (6, RESPONSE_SAMPLES), distances (6,) in metres, reverberation time in seconds."""
    import pyroomacoustics

    size, reverberation, microphone, mouths = draw_room(rng)
    try:
        absorption, order = pyroomacoustics.inverse_sabine(reverberation, size)
    except ValueError:  # no wall absorbs enough for so short a reverberation
        absorption, order = 0.9, 6
    room = pyroomacoustics.ShoeBox(
        size, fs=SAMPLE_RATE_HZ, materials=pyroomacoustics.Material(absorption), max_order=min(order, HIGHEST_ORDER)
    )
    room.add_microphone(microphone)
    for mouth in mouths:
        room.add_source(mouth)
    room.compute_rir()
    distances = np.linalg.norm(mouths - microphone, axis=1)
    first = max(0, min(int(np.abs(response).argmax()) for response in room.rir[0]) - LEAD_SAMPLES)
    responses = np.zeros((MOUTHS, RESPONSE_SAMPLES))
    for row, response in zip(responses, room.rir[0]):
        part = response[first : first + RESPONSE_SAMPLES]
        row[: len(part)] = part
    add_late_sound(responses, reverberation, rng)
    loudest = np.sqrt(np.square(responses).sum(1)).max()
    return responses / loudest, distances, reverberation


def add_late_sound(responses: np.ndarray, reverberation: float, rng: np.random.Generator) -> None:
    """Continues each response with decaying noise from where the simulated reflections thin out; in place."""
    time = np.arange(RESPONSE_SAMPLES) / SAMPLE_RATE_HZ
    decay = 10 ** (-3 * time / reverberation)
    for response in responses:
        energy = np.cumsum(response**2)
        last = int(np.searchsorted(energy, 0.995 * energy[-1]))
        begin = max(1, last // 2)
        tail = np.sqrt(np.mean(response[begin : last + 1] ** 2) + 1e-20) / decay[(begin + last) // 2]
        response[last:] = rng.standard_normal(RESPONSE_SAMPLES - last) * tail * decay[last:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rooms", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    made = [simulate(np.random.default_rng([arguments.seed, room])) for room in range(arguments.rooms)]
    responses, distances, reverberation = zip(*made)
    unfinished = arguments.out.with_suffix(".part")
    with open(unfinished, "wb") as file:
        np.savez(
            file,
            responses=np.array(responses, np.float16),
            distances=np.array(distances, np.float32),
            reverberation=np.array(reverberation, np.float32),
        )
    unfinished.rename(arguments.out)
    print(f"{arguments.out}: {arguments.rooms} rooms")


if __name__ == "__main__":
    main()
