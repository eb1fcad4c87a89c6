"""Voices: a speaker at one playback speed. Resampled speech has another pitch and other formants, so it counts
as another person. The numbering depends on the corpus manifest alone, so every shard and run agrees on it."""
import json
import os

SPEEDS = ((1, 1), (17, 20), (23, 25), (27, 25), (13, 11), (4, 5), (5, 4))   # playback speed, numerator / denominator


def training_rows(corpus):
    """The rows of manifest.jsonl that may be trained on, each with its place in the file as `row`."""
    rows = []
    with open(os.path.join(corpus, "manifest.jsonl"), encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            row["row"] = number
            if row["split"] != "dev":
                rows.append(row)
    return rows


class VoiceNumbers:
    """speaker and speed -> class number; unlabelled speech has class -1."""

    def __init__(self, rows):
        speakers = sorted({row["speaker"] for row in rows if row["speaker"] is not None})
        self.speakers = {speaker: number for number, speaker in enumerate(speakers)}
        self.count = len(speakers) * len(SPEEDS)

    def number(self, speaker, speed):
        """speed: a pair out of SPEEDS."""
        if speaker is None:
            return -1
        return self.speakers[speaker] * len(SPEEDS) + SPEEDS.index(tuple(speed))
