"""Which collections there are."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter

from assistant.server.callers import Asker
from assistant.server.house import CurrentHouse
from assistant.server.openapi import errors
from assistant.server.schemas import CollectionOut

router = APIRouter(tags=["collections"])


@router.get("/api/collections", response_model=list[CollectionOut], responses=errors())
async def collections(caller: Asker, house: CurrentHouse) -> Any:
    """Those you may ask, by name."""

    def work() -> list[dict[str, Any]]:
        out = []
        for info in house.shelf.collections(caller):
            languages = house.shelf.library(info.name, caller).catalog.languages(info.name)
            out.append(
                {
                    "name": info.name,
                    "embedding": info.embedding.partition(":")[0] if caller.visits else info.embedding,  # or a folder
                    "documents": sum(languages.values()),
                    "languages": languages,
                }
            )
        return out

    return await asyncio.to_thread(work)
