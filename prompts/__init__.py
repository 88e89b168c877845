"""The texts a model is given, one file a prompt, and the loader that fills them in."""

from prompts.loader import Prompt, PromptError, load

__all__ = ["Prompt", "PromptError", "load"]
