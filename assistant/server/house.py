"""What the routes share: one object in the application's state, so that a test makes its own and nothing is global."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from assistant.server.answering import Answering
from assistant.server.entrance import Door
from assistant.server.jobs import Jobs
from assistant.server.keys import Keys
from assistant.server.metrics import Metrics
from assistant.server.once import Once
from assistant.server.options import Options
from assistant.server.shelf import Shelf
from assistant.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    settings: Settings
    options: Options
    shelf: Shelf
    keys: Keys
    once: Once
    answering: Answering
    jobs: Jobs
    door: Door
    metrics: Metrics


async def house_of(request: Request) -> House:  # a plain function would cost a thread at every request
    house: House = request.app.state.house
    return house


CurrentHouse = Annotated[House, Depends(house_of)]
