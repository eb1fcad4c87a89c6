"""Compares `voice-prints eval der` with pyannote.metrics on the answers that dialogues.mjs wrote.

usage: checkDer.py FOLDER [--tolerance 0.01]      (pip install pyannote.metrics; the package must be built)
FOLDER holds NAME.rttm (truth) and NAME.turns.rttm (answer). Exits 1 where a percentage differs by more than the tolerance.
"""
import argparse, glob, json, os, subprocess, sys
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate

CLI = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../dist/src/cli/main.js")


def read(path):
    annotation = Annotation()
    for track, line in enumerate(open(path)):
        fields = line.split()
        if fields and fields[0] == "SPEAKER":
            start, seconds = float(fields[3]), float(fields[4])
            annotation[Segment(start, start + seconds), track] = fields[7]
    return annotation


def ours(reference, hypothesis, collar):
    command = ["node", CLI, "eval", "der", reference, hypothesis, "--collar", str(collar), "--json"]
    return json.loads(subprocess.check_output(command))


def theirs(reference, hypothesis, collar):
    truth, answer = read(reference), read(hypothesis)
    everything = Timeline([Segment(0, max(truth.get_timeline().extent().end, answer.get_timeline().extent().end if answer else 0) + 1)])
    # Their collar is the whole width, ours one side of it.
    parts = DiarizationErrorRate(collar=2 * collar, skip_overlap=False)(truth, answer, uem=everything, detailed=True)
    jaccard = JaccardErrorRate(collar=2 * collar, skip_overlap=False)(truth, answer, uem=everything)
    percent = lambda part: 100 * parts[part] / parts["total"]
    return {
        "derPercent": 100 * parts["diarization error rate"],
        "missedPercent": percent("missed detection"),
        "falseAlarmPercent": percent("false alarm"),
        "confusionPercent": percent("confusion"),
        "jerPercent": 100 * jaccard,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--tolerance", type=float, default=0.01)
    options = parser.parse_args()
    answers = sorted(glob.glob(os.path.join(options.folder, "*.turns.rttm")))
    if not answers:
        sys.exit(f"{options.folder} has no *.turns.rttm; run dialogues.mjs first")
    worst = 0.0
    for hypothesis in answers:
        reference = hypothesis.replace(".turns.rttm", ".rttm")
        for collar in (0, 0.25):
            mine, other = ours(reference, hypothesis, collar), theirs(reference, hypothesis, collar)
            for key, value in other.items():
                worst = max(worst, abs(mine[key] - value))
                if abs(mine[key] - value) > options.tolerance:
                    print(f"{os.path.basename(hypothesis)} collar {collar}: {key} {mine[key]:.4f}, pyannote.metrics {value:.4f}")
    print(f"{len(answers)} recordings, collars 0 and .25 s: largest difference {worst:.5f} points")
    sys.exit(worst > options.tolerance)


if __name__ == "__main__":
    main()
