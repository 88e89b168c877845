"""The documents of a collection: what there is, its exact text, the original file; uploads and removals."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from assistant.server.callers import Asker, Caller, Ingester
from assistant.server.discretion import shown_ref, shown_source
from assistant.server.house import CurrentHouse, House
from assistant.server.jobs import MOST_QUEUED, Job
from assistant.server.limits import too_many
from assistant.server.openapi import errors
from assistant.server.problems import Problem
from assistant.server.schemas import (
    COLLECTION,
    CollectionName,
    DetailsOut,
    JobOut,
    ListedOut,
    Reply,
    TextOut,
    highlighted,
)
from assistant.server.shelf import DEFAULT, missing
from assistant.server.uploads import Upload, keep
from vectorstore.errors import NotFoundError
from vectorstore.types import Document

router = APIRouter(tags=["documents"])

_REMOVE_SECONDS = 5.0  # how long a removal is waited for before a job is given instead
Collection = Annotated[CollectionName, Query()]
_SPAN = r"^[0-9]{1,11}-[0-9]{1,11}$"
Span = Annotated[str, Field(json_schema_extra={"pattern": _SPAN})]  # refused below, in words that say how to write it
Spans = Annotated[list[Span], Query(max_length=200, description="Stretches to highlight, each START-END.")]

_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {"type": "string", "format": "binary", "minLength": 1},
                        "collection": {"type": "string", "default": DEFAULT, "pattern": COLLECTION},
                    },
                }
            }
        },
    }
}


class DocumentsOut(Reply):
    documents: list[ListedOut]
    total: int


@router.get("/api/documents", response_model=DocumentsOut, responses=errors(404))
async def documents(
    caller: Asker,
    house: CurrentHouse,
    collection: Collection = DEFAULT,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Any:
    """Every document, by source."""
    library = await asyncio.to_thread(house.shelf.library, collection, caller)
    found = await asyncio.to_thread(library.documents)
    rows = [
        {**asdict(shown_ref(info.ref, caller)), "chunks": info.chunks, "added_at": info.added_at}
        for info in found[offset : offset + limit]
    ]
    return {"documents": rows, "total": len(found)}


@router.post(
    "/api/documents",
    status_code=202,
    response_model=JobOut,
    responses=errors(404, 409, 429, 503),
    openapi_extra=_FORM,
)
async def upload(request: Request, caller: Ingester, house: CurrentHouse) -> Response:
    """Bring a document in. Answers at once with a job; `/api/jobs/{id}/events` tells how it goes on."""
    form = await _form(request)
    try:
        file, collection = _fields(form)
        if not caller.sees(collection):
            raise missing(collection)
        folder = house.settings.home / "uploads" / collection
        limit = house.options.upload_bytes
        kept = await asyncio.to_thread(keep, file.file, file.filename or "", folder, limit=limit)
    finally:
        await form.close()
    fingerprint = f"{kept.sha256} {kept.name} {collection}".encode()
    return await house.once.respond(caller.owner, request, fingerprint, lambda: _queue(house, caller, collection, kept))


async def _form(request: Request) -> FormData:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Problem(415, "unsupported-media-type", "Send the file as multipart/form-data, in a field called file.")
    try:
        return await request.form(max_files=1, max_fields=4, max_part_size=10_000)
    except MultiPartException as error:
        raise Problem(400, "bad-form", f"The form cannot be read: {error.message}") from None
    except Problem:
        raise
    except Exception as error:  # Starlette turns what it can read into an HTTPException; nothing else is ours
        if isinstance(getattr(error, "__cause__", None), Problem):
            raise error.__cause__ from None  # type: ignore[misc]
        raise Problem(400, "bad-form", "The form cannot be read.") from error


def _fields(form: FormData) -> tuple[UploadFile, str]:
    file, collection = form.get("file"), form.get("collection", DEFAULT)
    unknown = set(form) - {"file", "collection"}
    if unknown:
        raise Problem(422, "invalid", f"There is no such field: {sorted(unknown)[0][:60]!r}.")
    if not isinstance(file, UploadFile) or not isinstance(collection, str):
        raise Problem(422, "invalid", "The form needs a field called file that holds a file.")
    return file, _checked(collection)


def _checked(collection: str) -> str:
    from pydantic import TypeAdapter, ValidationError

    if collection in ("null", "undefined"):  # what a browser's form makes of a value that was not there
        raise Problem(422, "invalid", f"A collection cannot be called {collection!r}: leave the field out instead.")
    try:
        return TypeAdapter(CollectionName).validate_python(collection)
    except ValidationError:
        raise Problem(
            422,
            "invalid",
            f"A collection cannot be called {collection[:80]!r}: use 3 to 63 letters, digits, dots and dashes.",
        ) from None


async def _queue(house: House, caller: Caller, collection: str, kept: Upload) -> Response:
    if await asyncio.to_thread(house.jobs.queued) >= MOST_QUEUED:
        raise too_many("queue-full", f"{MOST_QUEUED:,} documents are waiting already.", 60)
    task = {"path": str(kept.path), "name": kept.name}
    job = await house.jobs.add(caller.owner, collection, "ingest", task)
    return JSONResponse(job.as_dict(), 202, {"Location": f"/api/jobs/{job.id}"})


@router.get("/api/documents/{document_id:path}/text", response_model=TextOut, responses=errors(404))
async def text(
    request: Request,
    document_id: str,
    caller: Asker,
    house: CurrentHouse,
    collection: Collection = DEFAULT,
    start: Annotated[int, Query(ge=0)] = 0,
    end: Annotated[int | None, Query(ge=0)] = None,
    highlight: Spans = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """The stored text, or a stretch of it, in pieces with the highlights told apart.

    With `Accept: text/plain`, the text itself. Offsets are code points.
    """
    document = await _document(house, caller, collection, document_id)
    end = len(document.text) if end is None else min(end, len(document.text))
    start = min(start, end)
    if request.headers.get("accept", "").startswith("text/plain"):
        return PlainTextResponse(document.text[start:end])
    parts = highlighted(document.text, start, end, [_span(span) for span in highlight])
    return JSONResponse(
        {
            "document": asdict(shown_ref(document.ref, caller)),
            "characters": len(document.text),
            "start": start,
            "end": end,
            "page": document.page_at(start),
            "parts": parts,
        }
    )


def _span(text: str) -> tuple[int, int]:
    if not re.fullmatch(_SPAN, text) or text.endswith("\n"):
        raise Problem(
            422, "invalid", f"highlight={text[:40]!r} is no stretch of text. Write START-END, such as 120-180."
        )
    first, _, last = text.partition("-")
    return int(first), int(last)


@router.get("/api/documents/{document_id:path}/original", responses=errors(404, 409), response_class=FileResponse)
async def original(document_id: str, caller: Asker, house: CurrentHouse, collection: Collection = DEFAULT) -> Response:
    """The file a document was read from, as it was then."""
    document = await _document(house, caller, collection, document_id)
    library = house.shelf.library(collection, caller)
    owners = await asyncio.to_thread(library.catalog.owners, collection, [document_id])
    path = Path(owners.get(document_id, ""))
    if not await asyncio.to_thread(_unchanged, path, document):
        raise Problem(404, "no-original", "The file is no longer there, has changed since, or holds many documents.")
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'"}  # it may be a web page
    return FileResponse(
        path, filename=shown_source(document.ref.source), media_type="application/octet-stream", headers=headers
    )


def _unchanged(path: Path, document: Document) -> bool:
    try:
        with path.open("rb") as file:
            digest = sha256()
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError:
        return False
    return digest.hexdigest() == document.ref.sha256


@router.get("/api/documents/{document_id:path}", response_model=DetailsOut, responses=errors(404))
async def show(document_id: str, caller: Asker, house: CurrentHouse, collection: Collection = DEFAULT) -> Any:
    """What is known of a document."""
    document = await _document(house, caller, collection, document_id)
    return {
        **asdict(shown_ref(document.ref, caller)),
        "characters": len(document.text),
        "pages": len(document.page_starts) or None,
        "headings": [heading.title for heading in document.headings],
    }


@router.delete(
    "/api/documents/{document_id:path}",
    status_code=204,
    response_class=Response,
    responses={202: {"model": JobOut, "description": "Still being removed"}, **errors(404, 503)},
)
async def remove(document_id: str, caller: Ingester, house: CurrentHouse, collection: Collection = DEFAULT) -> Response:
    """Forget a document. Where that has to wait for an ingest to end, the answer is a job."""
    try:
        await _document(house, caller, collection, document_id)
    except NotFoundError:
        if document_id.endswith(("/text", "/original")):  # an id may hold slashes, but this is no document's
            raise HTTPException(405) from None
        raise
    job = await house.jobs.add(caller.owner, collection, "remove", {"document_id": document_id})
    ended = await _ended(house, job)
    if ended is None:
        return JSONResponse(job.as_dict(), 202, {"Location": f"/api/jobs/{job.id}"})
    if ended.state == "failed":
        raise Problem(503, "not-available", str(ended.progress.get("error", "It could not be removed.")))
    return Response(status_code=204)


async def _ended(house: House, job: Job) -> Job | None:
    loop = asyncio.get_running_loop()
    until = loop.time() + _REMOVE_SECONDS
    while loop.time() < until:
        await asyncio.sleep(0.05)
        now = await asyncio.to_thread(house.jobs.find, job.id, job.owner)
        if now.ended:
            return now
    return None


async def _document(house: House, caller: Caller, collection: str, document_id: str) -> Document:
    library = await asyncio.to_thread(house.shelf.library, collection, caller)
    return await asyncio.to_thread(library.document, document_id)
