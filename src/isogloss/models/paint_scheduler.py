"""The schedulers of Diffusers that draw what a model was trained to tell from noise."""

from typing import Any

from isogloss.errors import UserError, unknown
from isogloss.losses.denoise import TIMESTEPS, Denoising
from isogloss.models.tower import FAILURES, reason


def build_scheduler(denoising: Denoising, name: str | None = None) -> Any:
    """A scheduler for a model that was trained so.

    Args:
        name: of a class of Diffusers; None for DDIM's (arXiv 2010.02502), and Euler's for flow matching.

    Raises:
        UserError: there is no such scheduler, or it cannot draw what the model predicts.
    """
    import diffusers

    ddim: Any = diffusers.DDIMScheduler
    if denoising.prediction == "flow":
        scheduler: Any = diffusers.FlowMatchEulerDiscreteScheduler(num_train_timesteps=TIMESTEPS, shift=denoising.shift)
    else:
        scheduler = ddim(
            num_train_timesteps=TIMESTEPS,
            beta_schedule=denoising.schedule,
            beta_start=denoising.beta_start,
            beta_end=denoising.beta_end,
            prediction_type=denoising.prediction,
            rescale_betas_zero_snr=denoising.zero_terminal,
            # From noise alone to the picture alone (arXiv 2305.08891), at whatever number of steps.
            timestep_spacing="trailing",
            clip_sample=False,
            set_alpha_to_one=True,
        )
    return scheduler if name is None else change_scheduler(scheduler, name)


def change_scheduler(scheduler: Any, name: str) -> Any:
    """Another scheduler of the same noise, by its class's name, such as "DPMSolverMultistepScheduler" or "ddim".

    Raises:
        UserError: there is no such scheduler, or it cannot draw what the model predicts.
    """
    import diffusers

    known = sorted(found for found in dir(diffusers.schedulers) if found.endswith("Scheduler"))
    short = {found.removesuffix("Scheduler").lower(): found for found in known}
    chosen = short.get(name.lower().removesuffix("scheduler"))
    if chosen is None:
        raise unknown("scheduler of Diffusers", name, known)
    flow = _is_flow(scheduler)
    try:
        kind: Any = getattr(diffusers, chosen)
        extra = {"use_flow_sigmas": True, "prediction_type": "flow_prediction"} if flow and chosen in _BOTH else {}
        changed = kind.from_config(scheduler.config, **extra)
    except FAILURES as error:
        raise UserError(f"The scheduler {chosen} cannot be used here ({reason(error)}); choose another one.") from error
    if _is_flow(changed) != flow:
        trained = "flow matching" if flow else "diffusion"
        raise UserError(
            f"The scheduler {chosen} is not for {trained}, by which this model was trained; choose "
            f"{'FlowMatchEulerDiscreteScheduler or UniPCMultistepScheduler' if flow else 'DDIMScheduler'} or one like it."
        )
    return changed


# Which integrate both the flow and diffusion.
_BOTH = ("DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler", "UniPCMultistepScheduler", "SASolverScheduler")


def _is_flow(scheduler: Any) -> bool:
    config: Any = scheduler.config
    return "FlowMatch" in type(scheduler).__name__ or bool(config.get("use_flow_sigmas", False))
