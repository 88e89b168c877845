"""Records a chat over examples/ in a real terminal, as text and as pictures, to be looked at.

    python benchmarks/chat_session.py OUT [--model] [--width 100]

Needs tmux. Without ``--model`` answers are quoted; with it they come, streamed, from a scripted server on loopback.
Writes OUT/session.txt, a frame after every line typed, and OUT/NUMBER.svg, the same frames as pictures.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.fakes.openai_server import OpenAIServer, Reply  # noqa: E402  # found from the project's root only

CTRL_C, CTRL_D = "C-c", "C-d"
QUESTIONS = (
    "why did Russia condemn the strike?",
    "and what did Moscow suspend?",
    "how long is the guarantee of the coffee machine?",
    "does it cover damage by lime?",
    "How many seats does the Compass meeting room have?",
)


class Terminal:
    """A terminal of tmux's own, with a shell of nobody's in it."""

    def __init__(self, width: int, height: int, environment: dict[str, str]) -> None:
        self.socket = f"chat-{os.getpid()}"
        shell = ["env", *(f"{name}={value}" for name, value in environment.items()), "bash", "--norc", "--noprofile"]
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), shlex.join(shell))

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-L", self.socket, *arguments], capture_output=True, text=True, check=True)
        return done.stdout

    def type(self, line: str, *, enter: bool = True) -> None:
        self._tmux("send-keys", "-l", line)
        if enter:
            self.press("Enter")

    def press(self, key: str) -> None:
        self._tmux("send-keys", key)

    def resize(self, width: int, height: int) -> None:
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def screen(self, *, colours: bool = False) -> str:
        return self._tmux("capture-pane", "-p", *(("-e",) if colours else ())).rstrip("\n")

    def settle(self, prompt: str = ">", *, seconds: float = 30.0) -> None:
        """Wait until the prompt, or the end of a pager, is the last thing on the screen and nothing changes."""
        deadline, before = time.monotonic() + seconds, ""
        while time.monotonic() < deadline:
            time.sleep(0.4)
            now = self.screen()
            if now == before and re.search(rf"(^|\n)[{prompt}:][^\n]*\Z|\(END\)\Z", now.rstrip()):
                return
            before = now

    def close(self) -> None:
        self._tmux("kill-server")


class Recorder:
    """Frames of a terminal, written out one by one."""

    def __init__(self, terminal: Terminal, out: Path, width: int) -> None:
        self._terminal, self._out, self._width = terminal, out, width
        self._frames: list[str] = []

    def frame(self, title: str) -> None:
        self._frames.append(f"=== {title}\n{self._terminal.screen()}\n")
        console = Console(record=True, width=self._width, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
        console.print(Text.from_ansi(self._terminal.screen(colours=True)))
        picture = re.sub(
            r"@font-face \{.*?\}", "", console.export_svg(title=title), flags=re.DOTALL
        )  # no font from afar
        (self._out / f"{len(self._frames):02}.svg").write_text(picture, encoding="utf-8")
        (self._out / "session.txt").write_text("\n".join(self._frames), encoding="utf-8")

    def line(self, text: str) -> None:
        self._terminal.type(text)
        time.sleep(1)  # for it to begin: until then the old prompt is still the last thing
        self._terminal.settle()
        self.frame(text)


def scripted(request: dict[str, Any]) -> Reply:
    """A model that writes an answer with labels, slowly, and rewrites follow-ups; it reads its prompts as one would."""
    said = str(request["messages"][-1]["content"])
    if "fr:" in said or "(fr)" in said:
        return Reply("fr: pourquoi la Russie a-t-elle condamné la frappe ?\nde: Wie lange ist die Garantie?")
    if "[1.1]" not in said:
        return Reply("What did Moscow suspend after the strike?")
    pieces = [
        "**Moscow** saw it as an aggression against a sovereign state [1.1]. ",
        "It gave two reasons:\n\n",
        "- a pretext it called invented [1.1]\n",
        "- an agreement about the sky that it then suspended [1.2]\n\n",
        "Nothing else is said about it.",
    ]
    return Reply([part for piece in pieces for word in piece.split(" ") for part in (f"{word} ", 0.12)])


def play(terminal: Terminal, recorder: Recorder, *, generated: bool, export: Path) -> None:
    recorder.line("assistant chat")
    for number, question in enumerate(QUESTIONS):
        recorder.line(question)
        if number == 1:
            recorder.line("/open 1")
            terminal.press("q")
            terminal.settle()
    terminal.type("why did Russia condemn the strike, and what followed?")
    time.sleep(1.6 if generated else 0.05)
    terminal.press(CTRL_C)
    terminal.settle()
    recorder.frame("Ctrl-C while it answers")
    if generated:
        terminal.type("why did Russia condemn the strike, once more?")
        time.sleep(1.2)
        terminal.resize(60, 30)
        time.sleep(0.6)
        terminal.resize(100, 40)
        terminal.settle()
        recorder.frame("resized while it answers")
    terminal.press(CTRL_D)
    terminal.settle("$")
    terminal.type("clear")
    recorder.line("assistant chat --continue")
    recorder.line("/list")
    recorder.line("/good just what I looked for")
    recorder.line(f"/export {export}")
    recorder.line("/explain")
    terminal.press(CTRL_D)
    terminal.settle("$")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", action="store_true", help="answers from a scripted server, streamed")
    parser.add_argument("--width", type=int, default=100)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="chat-"))
    environment = {
        "ASSISTANT_HOME": str(home),
        "PS1": "$ ",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with OpenAIServer(scripted) as server:
        if options.model:
            environment |= {"OPENAI_BASE_URL": server.base_url, "ASSISTANT_MODEL": "openai:scripted"}
        subprocess.run(["assistant", "ingest", str(ROOT / "examples")], env={**os.environ, **environment}, check=True)
        terminal = Terminal(options.width, 40, environment)
        try:
            terminal.type(f"cd {shlex.quote(str(ROOT))}; clear")
            recorder = Recorder(terminal, options.out, options.width)
            play(terminal, recorder, generated=options.model, export=options.out / "talk.html")
        finally:
            terminal.close()
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
