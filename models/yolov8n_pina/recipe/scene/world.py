"""A whole scene: land, light, plants and actors, and how it looks at time t."""

from dataclasses import dataclass, field

import numpy as np

from . import effects
from .camera import Camera
from .canvas import Canvas, Seen, darken, shadow_mask
from .ground import Ground, paint_background
from .light import Light
from .motion import Path, State
from .plants import Clutter, Plant
from .sketch import Sketch

CLASSES = ("pina", "worker", "object")
EXPOSURE = 1 / 50  # seconds
TYPICAL_DEPTH = 15.0  # metres; how soft a shadow is, is judged here


@dataclass(frozen=True)
class Actor:
    """Something that moves (or could): looks and a path."""

    looks: object  # Worker, Animal, Vehicle or Crates
    path: Path

    @property
    def label(self) -> str:
        return self.looks.label

    def sketch(self, sketch: Sketch, time: float) -> State:
        state = self.path.at(time)
        moving = min(1.0, state.speed / 0.7)
        self.looks.sketch(sketch, state.place, state.heading, state.walked, moving)
        return state


@dataclass(frozen=True)
class Label:
    """One visible thing in a rendered picture."""

    name: str
    seen: Seen

    @property
    def bottom_centre(self) -> tuple[float, float]:
        return (self.seen.left + self.seen.right) / 2, float(self.seen.bottom)


@dataclass(frozen=True)
class _Thing:
    """One outline to paint; without a `name` it is not labelled."""

    depth: float
    name: str | None
    sketch: Sketch
    actor: Actor | None = None


@dataclass
class Scene:
    """Everything that is fixed during a clip. Paintings of the still parts are kept."""

    camera: Camera
    light: Light
    ground: Ground
    lens: effects.Lens
    plants: list[Plant]
    clutter: list[Clutter]
    actors: list[Actor]
    seed: int
    _still: dict = field(default_factory=dict, repr=False)

    def _standing(self) -> dict:
        """Background, shadows and outlines of what never moves; made once."""
        if not self._still:
            things = [self._thing(plant, "pina") for plant in self.plants]
            things += [self._thing(thing, None) for thing in self.clutter]
            self._still.update(
                background=paint_background(self.camera, self.ground, self.light),
                things=things,
                shadow=self._shadow(things),
            )
        return self._still

    def _thing(self, thing: Plant | Clutter, name: str | None) -> _Thing:
        sketch = Sketch(self.camera, self.light)
        thing.sketch(sketch)
        return _Thing(self._depth(thing.place), name, sketch)

    def _acting(self, actor: Actor, time: float) -> _Thing:
        sketch = Sketch(self.camera, self.light)
        state = actor.sketch(sketch, time)
        return _Thing(self._depth(state.place), actor.label, sketch, actor)

    def _depth(self, place: np.ndarray) -> float:
        return float(self.camera.depth(np.array([*place, 0.0])))

    def _shadow(self, things: list[_Thing]) -> np.ndarray:
        return shadow_mask(self.camera.width, self.camera.height, [thing.sketch for thing in things])

    def render(self, time: float = 0.0) -> tuple[np.ndarray, list[Label]]:
        """The picture at `time` and what is visible in it (no label is dropped here)."""
        still = self._standing()
        acting = [self._acting(actor, time) for actor in self.actors]
        shadow = np.maximum(still["shadow"], self._shadow(acting))
        scale = self.camera.pixels_per_metre(TYPICAL_DEPTH)
        canvas = Canvas(darken(still["background"], shadow, self.light, scale))
        things = sorted([*still["things"], *acting], key=lambda thing: -thing.depth)
        for identity, thing in enumerate(things, start=1):
            canvas.draw(thing.sketch, identity)
        labels = []
        for identity, thing in enumerate(things, start=1):
            seen = canvas.visible(thing.sketch, identity) if thing.name else None
            if seen:
                labels.append(Label(thing.name, seen))
        for identity, thing in enumerate(things, start=1):
            if thing.actor:
                self._smear(canvas, thing.actor, canvas.owner == identity, time)
        random = np.random.default_rng([self.seed, int(round((time + 1000) * 1000))])
        return effects.apply_lens(canvas.picture, self.lens, random), labels

    def _smear(self, canvas: Canvas, actor: Actor, owned: np.ndarray, time: float) -> None:
        places = np.array([[*actor.path.at(moment).place, 0.5] for moment in (time, time + EXPOSURE)])
        pixels, _ = self.camera.project(places)
        effects.blur_moving(canvas.picture, owned, pixels[1] - pixels[0])
