from __future__ import annotations

import pytest

from session_host.endpoint.server.parameters import changed_parameters, parameters_of, shown_parameters
from session_host.errors import UsageError


def test_parameters_are_set_replaced_and_left_out() -> None:
    parameters = changed_parameters({}, "temperature 0.2")
    parameters = changed_parameters(parameters, 'chat_template_kwargs  {"enable_thinking": false}')
    parameters = changed_parameters(parameters, "reasoning_effort=high")
    assert shown_parameters(parameters) == (
        'parameters: temperature = 0.2 · chat_template_kwargs = {"enable_thinking": false} · reasoning_effort = high'
    )
    parameters = changed_parameters(parameters, "temperature 1")
    assert parameters["temperature"] == 1
    assert parameters_of(["temperature = 1", "stop=[]"]) == {"temperature": 1, "stop": []}
    for name in list(parameters):
        parameters = changed_parameters(parameters, f"{name} off")
    assert shown_parameters(parameters) == "no parameters"


@pytest.mark.parametrize("change", ["temperature", "temperature ", "model x", "temperature NaN", "messages []"])
def test_what_cannot_be_sent_is_refused(change: str) -> None:
    with pytest.raises(UsageError, match=change.split(maxsplit=1)[0]):
        changed_parameters({"temperature": 1}, change)
