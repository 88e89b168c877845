"""For whoever watches over the server."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, PlainTextResponse, Response

from assistant.server.callers import Admin
from assistant.server.house import CurrentHouse
from assistant.server.openapi import errors
from assistant.server.problems import EXPECTED

_log = logging.getLogger("assistant.server")
router = APIRouter(tags=["operation"])


@router.get("/healthz", response_model=dict[str, Any])
async def healthz() -> dict[str, Any]:
    """The process lives."""
    return {"status": "ok"}


@router.get("/readyz", response_model=dict[str, Any], responses=errors(503))
async def readyz(house: CurrentHouse) -> Response:
    """It can answer: the databases are there, and it is not about to stop."""
    if house.door.closed:
        return JSONResponse({"status": "stopping"}, 503)
    try:
        await asyncio.to_thread(house.shelf.is_there)
    except EXPECTED as error:
        _log.warning("not ready", extra={"facts": {"reason": str(error)}})  # it names files, and anybody may ask
        return JSONResponse({"status": "not ready"}, 503)
    return JSONResponse({"status": "ready"})


@router.get("/metrics", response_class=PlainTextResponse, responses=errors())
async def metrics(caller: Admin, house: CurrentHouse) -> Response:
    """For Prometheus."""
    return Response(house.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
