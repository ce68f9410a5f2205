"""What a run will take in time, memory and money, from the shapes of its recipe alone: no weights, and no pictures."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from isogloss.recipes import recipe_names
from isogloss.train.chat_recipe import ChatRecipe
from isogloss.train.chat_work import (
    ChatRun,
    Forward,
    chat_forward,
    chat_shape,
    chat_step,
    writer_forward,
    writer_shape,
    writer_step,
)
from isogloss.train.clip import freezing
from isogloss.train.clip_recipe import ClipRecipe
from isogloss.train.clip_work import dual_encoder, text_encoder
from isogloss.train.devices import Device
from isogloss.train.gradient_checkpointing import gradient_checkpointing, layers_that_keep
from isogloss.train.lm_recipe import LanguageModelRecipe
from isogloss.train.paint_recipe import PaintRecipe
from isogloss.train.paint_work import paint_plan, paint_shape, paint_step
from isogloss.train.recipe import Recipe, load_recipe
from isogloss.train.stages import freeze, frozen_modules, phases_of
from isogloss.train.step_shapes import StepShapes, step_shapes
from isogloss.train.text_recipe import TextRecipe
from isogloss.train.training import Training
from isogloss.train.work import Work, shapes_alone, work_of

# AdamW reads a weight, its gradient and two moments and writes all but the gradient; clipping reads the gradient twice and
# writes it once. In float32, whatever the matrix products are in.
_UPDATE_BYTES = 4 * (4 + 3 + 3)
# Of what is predicted: itself, what it should be, the difference, and the gradient of that.
_PAINTED_TABLES = 4

# About what PyTorch takes to start one operation from Python without compiling: of models this small, most of a step on a
# fast GPU.
CALL_SECONDS = 8e-6


@dataclass(frozen=True)
class Phase:
    """Steps in a row in which the same is frozen."""

    steps: int
    frozen: tuple[str, ...]
    work: Work


@dataclass(frozen=True)
class Estimate:
    """A run in numbers.

    Attributes:
        precision: "bfloat16" or "float32", of its matrix products.
        phases: in their order; the whole run is one where it is not known how long an epoch is.
        optimiser: bytes of its state at the end.
        micro_batches: parts that a step is taken in.
        again: whether layers are computed again backwards.
    """

    precision: str
    shapes: StepShapes
    phases: tuple[Phase, ...]
    parameters: int
    optimiser: int
    micro_batches: int
    again: bool

    @property
    def memory(self) -> int:
        """The most bytes of weights, optimiser, gradients and activations at once."""
        return self.optimiser + max(phase.work.weights + phase.work.peak for phase in self.phases)

    @property
    def operations(self) -> int:
        return sum(phase.steps * phase.work.operations for phase in self.phases)

    def step_seconds(self, device: Device, utilisation: float, phase: Phase) -> float:
        """A step's time: of its products, its memory traffic or the starting of its operations, whichever takes longest.

        Args:
            utilisation: the share of the device's peak that matrix products reach over a whole step.
        """
        peak = device.float32 if self.precision == "float32" or device.bfloat16 is None else device.bfloat16
        traffic = phase.work.traffic + _UPDATE_BYTES * phase.work.gradients / 4
        starting = phase.work.calls * CALL_SECONDS
        return max(phase.work.operations / (peak * utilisation), traffic / device.bandwidth, starting)

    def seconds(self, device: Device, utilisation: float) -> float:
        """All steps' time."""
        return sum(phase.steps * self.step_seconds(device, utilisation, phase) for phase in self.phases)


# A stage of a chat recipe is a run of its own.
Estimated = ClipRecipe | TextRecipe | LanguageModelRecipe | PaintRecipe | ChatRun


def runs_of(recipe: Recipe) -> Iterator[tuple[str, Estimated]]:
    """The runs that a recipe makes, by name: those of the recipes that its parts are, and its own, of which chat has two."""
    if isinstance(recipe, ClipRecipe) and recipe.text.model in recipe_names():
        text = load_recipe(str(recipe.text.model))
        if isinstance(text, TextRecipe):
            data = replace(text.data, dataset=recipe.data.dataset, sources=recipe.data.sources)
            yield "text stage", replace(text, data=data)
        elif isinstance(text, LanguageModelRecipe):
            yield "language model", text
    if isinstance(recipe, PaintRecipe) and recipe.text.model in recipe_names() and recipe.start is None:
        for earlier, run in runs_of(load_recipe(str(recipe.text.model))):
            yield "text" if earlier == "run" else f"text, {earlier}", run
    if not isinstance(recipe, ChatRecipe):
        yield "run", recipe
        return
    trained: list[Estimated] = []
    for name, part in (("language model", recipe.language_model), ("eyes", recipe.vision)):
        if part.model in recipe_names() and recipe.start is None:
            for earlier, run in runs_of(load_recipe(str(part.model))):
                if run not in trained:  # eyes may have learnt beside the same language model
                    trained.append(run)
                    yield name if earlier == "run" else f"{name}, {earlier}", run
    for name, stage in (("align", recipe.align), ("instruct", recipe.instruct)):
        if not stage.skipped:
            yield name, ChatRun(recipe, stage)


def estimate(recipe: Estimated, *, bfloat16: bool, images: int | None, tokens: int) -> Estimate:
    """What one run takes on one device.

    Args:
        bfloat16: whether the device computes in it, where the recipe leaves that open.
        images, tokens: how many are trained on and how long their captions are, where the dataset is not there to tell.

    Raises:
        UserError: a tower's config is absent or makes no model, or the dataset lacks what the recipe asks for.
    """
    precision = recipe.training.precision
    if precision == "auto":
        precision = "bfloat16" if bfloat16 else "float32"
    if isinstance(recipe, ChatRun):
        return _estimate_chat(recipe, precision, images=images, tokens=tokens)
    if isinstance(recipe, LanguageModelRecipe):
        return _estimate_writer(recipe, precision)
    if isinstance(recipe, PaintRecipe):
        return _estimate_paint(recipe, precision, images=images, tokens=tokens)
    shapes = step_shapes(recipe, images=images, tokens=tokens)
    with shapes_alone() as fake:
        clip = isinstance(recipe, ClipRecipe)
        model, forward, loss = dual_encoder(recipe, shapes) if clip else text_encoder(recipe, shapes)
    frozen = freezing(recipe) if clip else None
    freeze(model, frozen.always if frozen else ())
    phases = phases_of(frozen.stages if frozen else (), recipe.training.steps, shapes.steps_per_epoch)
    planned = [(steps, patterns, forward) for patterns, steps in phases]
    return _estimated(model, planned, fake, precision, shapes, loss, recipe.training)


def _estimated(
    model: nn.Module,
    planned: Sequence[tuple[int, tuple[str, ...], Forward]],
    fake: FakeTensorMode,
    precision: str,
    shapes: StepShapes,
    loss: tuple[int, int],
    training: Training,
    parts: float = 1.0,
) -> Estimate:
    """The estimate of a model that was made among shapes alone.

    Args:
        planned: for how many steps what is frozen and how the forward pass goes.
        loss, parts: as `work_of` takes them.
    """
    again = training.gradient_checkpointing
    fixed = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    made: list[Phase] = []
    for steps, patterns, forward in planned:
        freeze(model, patterns, fixed)
        model.train()
        for module in frozen_modules(model):
            module.eval()
        half = precision == "bfloat16"
        with gradient_checkpointing(model, again):
            work = work_of(model, forward, fake=fake, bfloat16=half, loss=loss, parts=parts)
        if again:
            with layers_that_keep(model) as layers:
                kept = work_of(model, forward, fake=fake, bfloat16=half, loss=(0, 0))
            work = replace(work, peak=_peak_again(work, kept, layers, loss[1], parts))
        made.append(Phase(steps, patterns, work))
    trained = max(phase.work.gradients for phase in made)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Estimate(precision, shapes, tuple(made), parameters, 2 * trained, training.micro_batches, again)


def _peak_again(work: Work, kept: Work, layers: Mapping[type, Collection[int]], loss: int, parts: float) -> int:
    """The most bytes alive in a step whose layers are computed again.

    Of tensors without values PyTorch frees none that was computed again (a real step's are freed), so it is put together of
    what is alive at two moments: when the loss is computed; and when a layer has been computed again, what the loss was
    computed of is gone, and the first gradients within the layer are there. Gradients of a step's earlier parts are there at
    both.

    Args:
        kept: the same step whose layers keep everything, without a loss.
        layers: that keep something, by kind.
        loss: bytes that are alive in it.
    """
    layer = (kept.activations - work.activations) // min(map(len, layers.values()), default=1)
    within = kept.peak - kept.activations
    if parts > 1:
        return work.activations + work.gradients + max(loss + work.cast, layer - work.outputs + within)
    return work.activations + max(loss + work.cast, layer - work.outputs + max(within, work.gradients))


def _word_loss(learnt: int, vocabulary: int, precision: str) -> tuple[int, int]:
    """Operations of a language model's loss, of which none are products, and bytes alive in it beside the logits.

    While it goes backwards, there are three tables of every learnt token over the vocabulary: the log shares and two
    gradients, in float32; the logits are gone by then.
    """
    return 0, (3 * 4 - (2 if precision == "bfloat16" else 4)) * learnt * vocabulary


def _estimate_chat(run: ChatRun, precision: str, *, images: int | None, tokens: int) -> Estimate:
    stage, steps = run.stage, run.training.steps
    with shapes_alone() as fake:
        model = chat_shape(run, precision == "bfloat16")
        shapes = chat_step(run, model.config, images=images, tokens=tokens)
    part, parts = shapes.part(run.training.micro_batches)
    epoch, begun = shapes.steps_per_epoch, 0
    planned: list[tuple[int, tuple[str, ...], Forward]] = []
    for patterns, count in phases_of(stage.stages, steps, epoch):
        kept = stage.cache and "vision_tower.*" in patterns
        # In the first epoch every picture is new; without a known epoch all of them are taken for new.
        new = min(count, max(0, (steps if epoch is None else epoch) - begun)) if kept else 0
        for some, first in ((new, True), (count - new, False)):
            if some:
                planned.append((some, patterns, chat_forward(model, part, kept=kept, first=first)))
        begun += count
    vocabulary = int(model.config.text_config.vocab_size)
    loss = _word_loss(part.learnt, vocabulary, precision)
    return _estimated(model, planned, fake, precision, shapes, loss, run.training, parts)


def _estimate_writer(recipe: LanguageModelRecipe, precision: str) -> Estimate:
    shapes = writer_step(recipe)
    with shapes_alone() as fake:
        model = writer_shape(recipe)
    part, parts = shapes.part(recipe.training.micro_batches)
    planned = [(recipe.training.steps, (), writer_forward(model, part))]
    loss = _word_loss(part.learnt, recipe.vocabulary, precision)
    return _estimated(model, planned, fake, precision, shapes, loss, recipe.training, parts)


def _estimate_paint(recipe: PaintRecipe, precision: str, *, images: int | None, tokens: int) -> Estimate:
    shapes = paint_step(recipe, images=images, tokens=tokens)
    with shapes_alone() as fake:
        model = paint_shape(recipe, precision == "bfloat16")
    part, parts = shapes.part(recipe.training.micro_batches)
    stages, epoch = recipe.stages, shapes.steps_per_epoch
    plan = list(paint_plan(recipe, model, part, phases_of(stages, recipe.training.steps, epoch), epoch))
    side = (recipe.data.image_size or model.side) // model.scale
    loss = (0, 4 * _PAINTED_TABLES * part.images * model.unet.config.out_channels * side**2)
    return _estimated(model, plan, fake, precision, shapes, loss, recipe.training, parts)
