"""What a user on a distant machine sees while typing, before the program has answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.client.viewer.prediction import Overlay, Predictions, Screen
from session_host.protocol.messages import Focus, Input, Key, Paste
from session_host.protocol.values import CellSize, GridSize, Modifiers
from session_host.terminal import create
from session_host.terminal.rows import Style, Underline

KEYS = {"<": "ArrowLeft", ">": "ArrowRight", "~": "Backspace", "^": "ArrowUp", "\r": "Enter"}
ROUND_TRIP_S = 0.2


class Far:
    """A user, and a program of which every answer comes a round trip later."""

    def __init__(self, program: Callable[[str], str] = lambda typed: typed, columns: int = 40) -> None:
        self.terminal = create("pyte", GridSize(columns, 4))
        self.now_s = 0.0
        self.answers_after_s = 0.0
        self._predictions = Predictions()
        self._program = program
        self._sequence = 0
        self._coming: list[tuple[float, int, str]] = []

    def print(self, text: str) -> None:
        self.terminal.feed(text.encode())

    def send(self, message: Callable[[int], Input], answer: str) -> None:
        self._sequence += 1
        self._predictions.typed(message(self._sequence), self._screen(), self.now_s)
        arrives_s = self.now_s + ROUND_TRIP_S
        self._coming += [(arrives_s, self._sequence, ""), (arrives_s + self.answers_after_s, 0, answer)]
        self._coming.sort(key=lambda each: each[0])

    def type(self, text: str, every_s: float = 0.0) -> None:
        for typed in text:
            key = KEYS.get(typed, typed)
            self.send(
                lambda n, key=key, typed=typed: Key("", n, key, "" if key != typed else typed),  # type: ignore[misc]
                self._program(typed),
            )
            self.wait(every_s)

    def wait(self, for_s: float = 1.0) -> None:
        end_s = self.now_s + for_s
        while True:
            answer_s = self._coming[0][0] if self._coming else end_s
            due_s = self._predictions.due_s
            if due_s is not None and due_s < min(answer_s, end_s):
                self.now_s = due_s
                self.overlay()
                continue
            if not self._coming or answer_s > end_s:
                break
            self.now_s, sequence, answer = self._coming.pop(0)
            self._predictions.acknowledged(sequence, self.now_s)
            self.overlay()
            self.print(answer)
            self.overlay()
        self.now_s = end_s
        self.overlay()

    def overlay(self) -> Overlay | None:
        return self._predictions.overlay(self._screen(), self.now_s)

    def resize(self, columns: int) -> None:
        self.terminal.resize(GridSize(columns, 4), CellSize())

    def drop(self) -> None:
        self._predictions.drop()

    def line(self) -> str:
        """The cursor's row as the user sees it, with ``_`` before each predicted character, and ``|`` at the cursor."""
        overlay, screen = self.overlay(), self._screen()
        cursor, row = screen.cursor.column, screen.rows[screen.cursor.row]
        if overlay is not None:
            assert overlay.row == screen.cursor.row
            row = overlay.over(row)
            cursor = overlay.cursor if overlay.cursor is not None else cursor
        texts: list[str] = [" "] * screen.size.columns
        for run in row.runs:
            for at, text in enumerate([run.text] if run.cluster else run.text, run.column):
                texts[at] = f"_{text}" if run.style.underline is Underline.SINGLE else text
        texts[cursor] = f"|{texts[cursor]}"
        return "".join(texts).rstrip()

    def _screen(self) -> Screen:
        return Screen(self.terminal.size, self.terminal.cursor, dict(enumerate(self.terminal.rows())))


def shell(typed: str) -> str:
    """The answer of a line editor at the end of its line."""
    return {"~": "\b \b", "<": "\b", ">": "\x1b[C", "\r": "\r\n$ ", "^": "\r\x1b[K$ before"}.get(typed, typed)


@pytest.fixture
def far() -> Iterator[Far]:
    """A shell that has echoed a letter."""
    far = Far(shell)
    far.print("$ ")
    far.type("l")
    assert far.line() == "$ |", "nothing is shown before the first echo"
    far.wait()
    assert far.line() == "$ l|"
    yield far
    far.wait()
    assert far.overlay() is None


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("s", "$ l_s|"),
        ("s -a", "$ l_s _-_a|"),
        ("é", "$ l_é|"),
        ("sx~", "$ l_s|"),
        ("~", "$ |"),
        ("~~", "$ |"),
        ("s<", "$ l|_s"),
        ("s<<<", "$ |l_s"),
        ("s<>", "$ l_s|"),
        ("s>", "$ l_s|"),
        ("s<x", "$ l_x|_s"),
        ("sx<~", "$ l|_x"),
        ("世", "$ l|"),
        ("s世x", "$ l_s|"),
        ("s^x", "$ l_s|"),
        ("s\rx", "$ l_s|"),
    ],
)
def test_what_is_typed_is_seen_at_once(far: Far, typed: str, seen: str) -> None:
    far.type(typed)
    assert far.line() == seen


def test_predictions_are_shown_until_the_program_has_echoed_them(far: Far) -> None:
    far.type("stuv", every_s=0.06)
    assert far.line() == "$ ls_t_u_v|"
    far.wait(0.3)
    assert far.line() == "$ lstuv|"


def test_after_enter_an_echo_must_be_seen_again(far: Far) -> None:
    far.type("s\rpwd", every_s=0.05)
    far.wait(0.1)
    far.type(" -L")
    assert far.line() == "$ pw|"
    far.wait()
    far.type("x")
    assert far.line() == "$ pwd -L_x|"


def test_a_fast_typist_is_predicted_again_after_enter(far: Far) -> None:
    far.type("s\r" + "abcdefghijklmnop", every_s=0.08)
    assert far.line().endswith("_o_p|")


@pytest.mark.parametrize("answer", ["", "*"])
def test_a_password_is_never_shown(far: Far, answer: str) -> None:
    far.type("s")
    far.send(lambda n: Key("", n, "Enter", "\r"), "\r\nPassword: ")
    far._program = lambda typed: answer
    for letter in "*a*secret123":
        far.type(letter, every_s=0.07)
        assert "_" not in far.line().replace("_s|", "")
        assert letter == "*" or letter not in far.line().removeprefix("$ l_s|").removeprefix("Password: ")
    far.wait()


def test_a_question_that_moved_the_cursor_begins_anew(far: Far) -> None:
    """A program read one key, and asked for a password without an Enter."""
    far.type("y")
    far.wait()
    far.print("\r\nPassword: ")
    far._program = lambda typed: ""
    far.type("secret")
    assert far.line() == "Password: |"


def test_wrong_predictions_are_dropped_and_trusted_less(far: Far) -> None:
    far._program = lambda typed: typed.upper()
    far.type("ab")
    assert far.line() == "$ l_a_b|"
    far.wait(ROUND_TRIP_S + 0.31)
    assert far.line() == "$ lAB|"
    far._program = shell
    far.type("c")
    far.wait()
    far.type("d")
    assert far.line() == "$ lABc|", "one echo is not enough any more"
    far.wait()
    far.type("e")
    assert far.line() == "$ lABcd_e|"


def test_predictions_stay_while_an_agent_is_slow_to_draw_its_input_line(far: Far) -> None:
    far.answers_after_s = 0.25
    far.type("stuv", every_s=0.1)
    assert far.line() == "$ l_s_t_u_v|"
    far.wait(0.1)
    assert far.line() == "$ ls_t_u_v|"


def test_an_input_line_that_output_moves_is_predicted_at_its_new_place(far: Far) -> None:
    far.type("st")
    far.print("\r\x1b[Koutput\r\n$ l")
    assert far.overlay() is None
    far.wait()
    far.type("u")
    far.wait()
    far.type("v")
    assert far.line() == "$ lstu_v|"


def test_nothing_is_predicted_on_a_fast_line() -> None:
    far = Far()
    for letter in "abc":
        far.type(letter)
        assert far.overlay() is None
        far._coming = [(far.now_s + 0.01, *each[1:]) for each in far._coming]
        far.wait(0.5)


def test_the_last_column_is_left_to_the_program() -> None:
    far = Far(columns=6)
    far.type("a")
    far.wait()
    far.type("bcdefg")
    assert far.line() == "a_b_c_d_e|"


def test_text_after_the_typed_part_stays(far: Far) -> None:
    """An input line with a suggestion, or with a frame around it."""
    far.print("\x1b[s suggestion│\x1b[u")
    far.type("s")
    assert far.line() == "$ l_s|suggestion│"
    far.drop()


@pytest.mark.parametrize("how", ["resize", "drop"])
def test_another_screen_drops_all_predictions(far: Far, how: str) -> None:
    far.type("s")
    if how == "resize":
        far.resize(30)
    else:
        far.drop()
    assert far.overlay() is None


def test_a_wide_character_that_came_meanwhile_is_not_cut(far: Far) -> None:
    far.type("st")
    far.print("世界")
    assert far.line().endswith("_s_t|界")


def test_predicted_cells_look_like_the_text_before_them() -> None:
    far = Far()
    far.print("\x1b[1;32m$ \x1b]8;;http://a\x1b\\x")
    row = Overlay(0, {3: "a"}, 4).over(far.terminal.rows()[0])
    assert row.runs[-1].style == Style(2, attributes=1, underline=Underline.SINGLE)


ANSWERS = st.sampled_from(
    [
        "typed",
        "",
        "*",
        "\b",
        "\r\n",
        "\x1b[2J\x1b[H",
        "\x1b[3;5H",
        "\x1b[?1049h",
        "\x1b[?1049l",
        "世",
        "long text ",
        "\n",
    ]
)
INPUTS = st.sampled_from([*"abc*", " ", "世", *KEYS, "focus", "paste", "ctrl", "resize", "drop"])


@given(st.lists(st.tuples(INPUTS, ANSWERS, st.sampled_from([0.0, 0.02, 0.11, 0.4])), max_size=25))
def test_whatever_a_program_does_its_screen_is_seen_in_the_end(steps: list[tuple[str, str, float]]) -> None:
    far = Far(columns=7)
    for typed, answer, wait_s in steps:
        if typed == "resize":
            far.resize(5 if far.terminal.size.columns == 7 else 7)
        elif typed == "drop":
            far.drop()
        elif len(typed) > 1:
            message: dict[str, Callable[[int], Input]] = {
                "focus": lambda n: Focus("", n, True),
                "paste": lambda n: Paste("", n, "text"),
                "ctrl": lambda n: Key("", n, "c", "\x03", int(Modifiers.CTRL)),
            }
            far.send(message[typed], answer)
        else:
            far._program = lambda typed, answer=answer: typed if answer == "typed" else answer  # type: ignore[misc]
            far.type(typed)
        far.wait(wait_s)
    far.wait(2.0)
    assert far.overlay() is None
    assert not far._predictions.is_pending


@given(st.text("*ab1 <~\r", max_size=30), st.sampled_from([0.0, 0.02, 0.11, 0.4]), st.sampled_from(["", "*", "•"]))
def test_a_program_that_does_not_echo_never_makes_anything_seen(typed: str, every_s: float, answer: str) -> None:
    far = Far(lambda _: answer)
    for each in typed:
        far.type(each)
        assert far.overlay() is None
        far.wait(every_s)
