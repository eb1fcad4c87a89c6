"""Lets the tests import the programs beside this folder, and those of segmentation/."""
import os
import sys

PROGRAMS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(PROGRAMS, "segmentation"))
sys.path.insert(0, PROGRAMS)
