"""Files into documents: one module for each family of formats."""

from vectorstore.loaders.formats import LOADERS, SUFFIXES, Loader, load, media_type

__all__ = ["LOADERS", "SUFFIXES", "Loader", "load", "media_type"]
