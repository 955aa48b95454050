"""Renders pictures of agave fields, with the boxes of everything in them.

The model shipped beside this recipe has seen nothing but these pictures, so
anyone can make its training data again from the seeds alone.
"""

from .compose import random_scene
from .world import CLASSES, Actor, Label, Scene

__all__ = ["CLASSES", "Actor", "Label", "Scene", "random_scene"]
