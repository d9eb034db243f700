"""Times of day and dates follow LC_TIME; durations, sizes and money have a point in each locale."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from gui.wording import chat_texts, dates, phrases, window_texts
from session_host.protocol.shown_duration import exact_duration

DAY = date(2026, 5, 2)
THAT_YEAR, NEXT_YEAR = date(2026, 9, 12), date(2027, 1, 1)
MOMENT = datetime(2026, 5, 2, 14, 3, 7).astimezone()


@pytest.fixture
def in_locale(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Without any locale; the test sets one."""
    for name in ("LC_ALL", "LC_TIME", "LC_NUMERIC", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("locale", "time", "with_seconds", "day", "with_year", "month", "month_and_year"),
    [
        ("", "14:03", "14:03:07", "2 May", "2 May 2026", "May", "May 2026"),
        ("C", "14:03", "14:03:07", "2 May", "2 May 2026", "May", "May 2026"),
        ("POSIX", "14:03", "14:03:07", "2 May", "2 May 2026", "May", "May 2026"),
        ("en_GB.UTF-8", "14:03", "14:03:07", "2 May", "2 May 2026", "May", "May 2026"),
        ("en_US.UTF-8", "2:03 PM", "2:03:07 PM", "May 2", "May 2, 2026", "May", "May 2026"),
        ("tr_TR.UTF-8", "14:03", "14:03:07", "2 Mayıs", "2 Mayıs 2026", "Mayıs", "Mayıs 2026"),
        ("az_AZ.UTF-8", "14:03", "14:03:07", "2 may", "2 may 2026", "may", "may 2026"),
        ("de_DE.UTF-8", "14:03", "14:03:07", "2. Mai", "2. Mai 2026", "Mai", "Mai 2026"),
        ("da_DK.UTF-8", "14.03", "14.03.07", "2. maj", "2. maj 2026", "maj", "maj 2026"),
        ("ja_JP.UTF-8", "14:03", "14:03:07", "5月2日", "2026年5月2日", "5月", "2026年5月"),
        ("es_ES.UTF-8", "14:03", "14:03:07", "2 de mayo", "2 de mayo de 2026", "mayo", "mayo de 2026"),
        ("eu_ES.UTF-8", "14:03", "14:03:07", "maiatzaren 2", "2026(e)ko maiatzaren 2", "maiatza", "2026(e)ko maiatza"),
    ],
)
def test_a_time_and_a_date_have_the_form_of_the_users_locale(
    in_locale: pytest.MonkeyPatch,
    locale: str,
    time: str,
    with_seconds: str,
    day: str,
    with_year: str,
    month: str,
    month_and_year: str,
):
    in_locale.setenv("LC_ALL", locale)
    # Newer versions of CLDR have a narrow blank before AM and PM.
    assert dates.time_of_day(MOMENT).replace("\u202f", " ") == time
    assert dates.time_of_day(MOMENT, seconds=True).replace("\u202f", " ") == with_seconds
    assert dates.day(DAY, THAT_YEAR) == day
    assert dates.day(DAY, NEXT_YEAR) == with_year
    assert dates.month(DAY, THAT_YEAR) == month
    assert dates.month(DAY, NEXT_YEAR) == month_and_year


def test_a_month_without_a_day_has_the_form_of_its_name_alone(in_locale: pytest.MonkeyPatch):
    in_locale.setenv("LC_ALL", "ru_RU.UTF-8")
    assert dates.day(DAY, THAT_YEAR) == "2 мая"
    assert dates.month(DAY, THAT_YEAR) == "май"


def test_arabic_times_do_not_change_the_order_of_the_words_beside_them(in_locale: pytest.MonkeyPatch):
    in_locale.setenv("LC_ALL", "ar_SA.UTF-8")
    assert dates.time_of_day(MOMENT) == "\u2068٢:٠٣ م\u2069"
    assert dates.day(DAY, THAT_YEAR) == "\u2068٢ مايو\u2069"
    assert dates.weekday(DAY) == "\u2068السبت\u2069"


@pytest.mark.parametrize("stronger", [{"LC_TIME": "de_DE.UTF-8"}, {"LC_ALL": "de_DE.UTF-8", "LC_TIME": "ja_JP.UTF-8"}])
def test_dates_follow_lc_time_alone(in_locale: pytest.MonkeyPatch, stronger: dict[str, str]):
    for name, value in {"LANG": "en_US.UTF-8", "LC_NUMERIC": "ar_SA.UTF-8", **stronger}.items():
        in_locale.setenv(name, value)
    assert dates.weekday(DAY) == window_texts.day(DAY, DAY + timedelta(3)) == "Samstag"
    assert dates.whole_date(DAY) == "Samstag, 2. Mai 2026"
    assert dates.day(DAY, THAT_YEAR) == window_texts.day(DAY, THAT_YEAR) == "2. Mai"
    assert window_texts.month(DAY, THAT_YEAR) == "Mai"
    assert phrases.at_time(MOMENT, MOMENT + timedelta(60)) == "on 2. Mai at 14:03"
    assert phrases.at_time(MOMENT, MOMENT + timedelta(3)) == "on Samstag at 14:03"
    assert phrases.told_time(MOMENT, MOMENT + timedelta(3)) == "Sa. 14:03"
    assert phrases.told_time(MOMENT, MOMENT + timedelta(200)) == "2. Mai, 14:03"


@pytest.mark.parametrize("locale", ["tr_TR.UTF-8", "az_AZ.UTF-8", "de_DE.UTF-8", "ar_SA.UTF-8", "ja_JP.UTF-8", "C"])
@pytest.mark.parametrize("variable", ["LC_ALL", "LC_NUMERIC"])
def test_durations_sizes_and_money_have_a_point(in_locale: pytest.MonkeyPatch, variable: str, locale: str):
    in_locale.setenv(variable, locale)
    assert exact_duration(1234) == "1.2 s"
    assert phrases.data_size(1_500_000_000) == "1.4 GiB"
    assert chat_texts.cost(0.5, "USD").startswith("about 0.50 USD")
    assert chat_texts.short_tokens(3100) == "3.1k tokens"


def test_every_place_that_tells_a_time_tells_it_alike(in_locale: pytest.MonkeyPatch):
    in_locale.setenv("LC_TIME", "en_US.UTF-8")
    time = dates.time_of_day(MOMENT)
    assert "PM" in time
    assert phrases.at_time(MOMENT, MOMENT) == f"at {time}"
    assert phrases.told_time(MOMENT, MOMENT) == time
