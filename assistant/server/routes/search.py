"""Passages without an answer."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from assistant.pipeline import checked
from assistant.server.callers import Asker
from assistant.server.discretion import check_filters, shown_json
from assistant.server.house import CurrentHouse
from assistant.server.openapi import errors
from assistant.server.schemas import SearchIn, SearchOut
from assistant.server.shelf import missing
from vectorstore.types import Retrieval

router = APIRouter(tags=["search"])


@router.post("/api/search", response_model=SearchOut, responses=errors(404, 409, 429, 503))
async def search(body: SearchIn, request: Request, caller: Asker, house: CurrentHouse) -> Response:
    """The best passages, the same way a question finds them; `explain` says what each index gave."""
    house.answering.count(caller)
    query = checked(body.query)
    check_filters(body.filters.filters(), caller)
    if not caller.sees(body.collection):
        raise missing(body.collection)

    def work() -> Retrieval:
        library = house.shelf.library(body.collection, caller)
        try:
            return library.search(query, limit=body.limit, filters=body.filters.filters())
        except Exception:
            now = house.shelf.library(body.collection, caller)
            if now is library:
                raise
            return now.search(query, limit=body.limit, filters=body.filters.filters())  # it was re-embedded meanwhile

    async def make() -> Response:
        found = await house.answering.think(work)
        return JSONResponse(
            {
                "query": found.query,
                "language": found.language,
                "hits": [shown_json(hit.as_dict(explain=body.explain), caller) for hit in found.hits],
                "notes": list(found.notes),
                "timings_ms": dict(found.timings_ms),
            }
        )

    return await house.once.respond(caller.owner, request, await request.body(), make)
