#!/usr/bin/env python3
"""Conversations of a chosen number of people, made by the corpus' own program, which chooses two to four by itself.

usage: peopleTalking.py DIALOGUES.PY PEOPLE MANIFEST OUT [options of DIALOGUES.PY]"""

import importlib.util
import random
import sys

program, people = sys.argv[1], int(sys.argv[2])


class ChosenNumber(random.Random):
    """Draws as Random does, except that the number of people is given."""

    def choice(self, options):
        drawn = super().choice(options)
        return people if list(options) == [2, 2, 3, 4] else drawn


spec = importlib.util.spec_from_file_location("dialogues", program)
if spec is None or spec.loader is None:
    sys.exit(f"{program} is no Python program")
dialogues = importlib.util.module_from_spec(spec)
spec.loader.exec_module(dialogues)
random.Random = ChosenNumber
sys.argv = [program, *sys.argv[3:]]
dialogues.main()
