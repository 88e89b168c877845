"""The protocol against a real engine: llama.cpp's server over a tiny random model written by the test.

Needs ``pip install "llama-cpp-python[server]" gguf``, here or in the environment whose Python LLAMA_PYTHON names.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.generate import Generated
from assistant.judging import supports
from assistant.models import chat_model
from assistant.types import Answer, Delta, Outlook, Question
from tests.assistant.library import CALL, SHOP, Reader, retrieval

PYTHON = os.environ.get("LLAMA_PYTHON") or sys.executable
TINY = Path(__file__).resolve().parents[1] / "fakes" / "tiny_llama.py"


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if subprocess.run([PYTHON, "-c", "import llama_cpp.server, gguf"], capture_output=True, check=False).returncode:
        pytest.skip('no llama.cpp here: pip install "llama-cpp-python[server]" gguf')
    folder = tmp_path_factory.mktemp("llama")
    subprocess.run([PYTHON, TINY, folder / "tiny.gguf"], check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["--model", folder / "tiny.gguf", "--host", "127.0.0.1", "--port", str(port), "--n_ctx", "8192"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([PYTHON, "-m", "llama_cpp.server", *arguments], stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}/v1/models", server)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.kill()  # asked politely, it first finishes what it writes
            server.wait(10)


def wait_for(url: str, server: subprocess.Popen[bytes], seconds: float = 60) -> None:
    stop = time.monotonic() + seconds
    while time.monotonic() < stop and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise AssertionError("llama.cpp's server did not start")


@pytest.mark.slow
@pytest.mark.parametrize("streaming", [True, False])
def test_a_real_engine_is_understood(base_url: str, streaming: bool) -> None:
    model = chat_model("openai:tiny", base_url=base_url, answer_tokens=60)
    answerer = Generated(lambda: model, "openai:tiny", foresee=lambda question, found: Outlook(0.9), supports=supports)
    asked = Question("is shipping free?", "is shipping free?", "en")
    *shown, record = answerer(asked, retrieval(CALL, SHOP), Reader([CALL, SHOP]))
    assert isinstance(record, Answer)
    assert record.text
    assert "".join(event.text for event in shown if isinstance(event, Delta)) == record.text
    assert not any("tiny" in notice for notice in record.notices)  # the model's name stands in what faults say
