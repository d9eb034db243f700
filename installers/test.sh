#!/usr/bin/env bash
# Sets up what the tests need, and runs every check. All of them run; it fails if any did.
#
#   bash installers/test.sh [--setup-only | --registrations | --fast] [--real-agents] [--compositors] [--busy N]
#                           [-- ARGUMENTS OF pytest…]
#
#   --setup-only    installs what the tests need, and runs none: afterwards .venv/bin/pytest does
#   --registrations in 15 seconds, without the static checks: what names where else a new part must be written down
#   --fast          in a minute: without the tests that start chats, a display or other programs, or try random things
#   --real-agents   with the tests that run agents' own command lines, where npm has them; fills resources/guide/real-agents.md
#   --compositors   with the tests of Wayland on KWin and GNOME Shell, which it installs: those of Debian 12 only
#   --busy N        beside N loops that never wait, as on a machine with much else to do
set -euo pipefail
# shellcheck source=setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

setup_only=
registrations=
fast=
real_agents=
compositors=
loops=0
pytest_arguments=()
while [ $# -gt 0 ]; do
    case "$1" in
        --setup-only) setup_only=yes ;;
        --registrations) registrations=yes ;;
        --fast) fast=yes ;;
        --real-agents) real_agents=yes ;;
        --compositors) compositors=yes ;;
        --busy)
            loops="${2:-}"
            [[ $loops =~ ^[1-9][0-9]?$ ]] || fail "--busy needs a number of loops, such as 4"
            shift
            ;;
        -h | --help)
            sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        --)
            shift
            pytest_arguments+=("$@")
            break
            ;;
        *)
            printf 'test.sh: unknown option: %s\n' "$1" >&2
            exit 2
            ;;
    esac
    shift
done

COMPOSITOR_PACKAGES=(kwin-wayland libkf5screen-bin qtwayland5 gnome-shell libgl1-mesa-dri)

exec </dev/null
started=$SECONDS
prepare_shell
find_python test
setup_system "${WINDOW_PACKAGES[@]}" "${TEST_PACKAGES[@]}" ${compositors:+"${COMPOSITOR_PACKAGES[@]}"} "${PYTHON_PACKAGES[@]}"
setup_environment test
release_lock
[ -z "$setup_only" ] || exit 0
cd -- "$ROOT"
export PATH="$VENV/bin:$PATH"
# Every test starts processes of the product, and they start from bytecode as a user's do. It is all there beforehand:
# none is written in the midst of a test with a full disk.
unset PYTHONDONTWRITEBYTECODE
[ -z "$registrations" ] || exec python -m pytest -q --registrations "${pytest_arguments[@]}"
python -m compileall -q -j 0 session_host gui tests
# pytest compiles the tests in its own way, which takes longer than to import them: once, and not in each of its processes.
compiled="$VENV/.outlive-tests-compiled"
if [ ! -e "$compiled" ] || [ -n "$(find tests -name '*.py' -newer "$compiled" -print -quit)" ]; then
    touch "$compiled.now"
    printf '%s\n' tests/unit 'tests/architecture tests/contracts tests/e2e tests/integration' |
        xargs -P 2 -L 1 python -m pytest -q --collect-only >/dev/null 2>&1 || :  # what is wrong there, the tests say
    mv "$compiled.now" "$compiled"
fi

summary=("$(printf 'ok      %4d s  set-up' $((SECONDS - started)))")
failed=0

# check NAME COMMAND…: runs it and notes how it went.
check() {
    local name=$1 began=$SECONDS code=0
    shift
    printf '\n=== %s: %s\n' "$name" "$*"
    "$@" || code=$?
    note "$name" "$code" $((SECONDS - began))
}

# note NAME EXIT_CODE SECONDS: for the summary.
note() {
    if [ "$2" = 0 ]; then
        summary+=("$(printf 'ok      %4d s  %s' "$3" "$1")")
    else
        summary+=("$(printf 'FAILED  %4d s  %s (exit code %d)' "$3" "$1" "$2")")
        failed=$((failed + 1))
    fi
}

# beside NAME COMMAND…: as check, while the tests run; `said` waits for it.
beside() {
    local name=$1
    shift
    besides+=("$name")
    (
        began=$SECONDS code=0
        printf '\n=== %s: %s\n' "$name" "$*"
        "$@" 2>&1 || code=$?
        printf '%d %d\n' "$code" $((SECONDS - began)) >"$outputs/${#besides[@]}.result"
    ) >"$outputs/${#besides[@]}" &
    waited+=($!)
}

# said: prints what the failed ones said of the checks that ran beside the tests.
said() {
    local number code seconds
    wait "${waited[@]}" || :
    for number in $(seq "${#besides[@]}"); do
        read -r code seconds <"$outputs/$number.result" || { code=1 seconds=0; }
        [ "$code" = 0 ] || cat "$outputs/$number"
        note "${besides[number - 1]}" "$code" "$seconds"
    done
}

# Keeps a processor busy until this script has ended, in whatever way.
busy() { while kill -0 $$ 2>/dev/null; do :; done; }

besides=()
waited=()
outputs="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || :; rm -rf -- "$outputs"' EXIT
beside "shell syntax" bash -c 'for file; do bash -n "$file" || exit; done' shell installers/*.sh installers/packages/*.sh
beside "lint" ruff check .
beside "format" ruff format --check --quiet .
beside "types" mypy session_host gui tests installers
beside "import contracts" lint-imports
for ((number = 0; number < loops; number++)); do busy & done
# More at once than there are processors: tests wait, for processes and for the product's own timeouts. Fast ones do not.
workers=$((2 * $(nproc)))
[ -z "$fast" ] || workers=$(nproc)
[ "$workers" -le 16 ] || workers=16
check "tests" python -m pytest -q -n "$workers" --dist worksteal --tb=short ${fast:+--fast} "${pytest_arguments[@]}"
said
# These fill one table together.
[ -z "$real_agents" ] || check "real agents" python -m pytest -q -m real_agents --real-agents "${pytest_arguments[@]}"
[ -z "$compositors" ] || check "compositors" python -m pytest -q -m compositors --compositors "${pytest_arguments[@]}"

printf '\n=== summary (%d s)\n' $((SECONDS - started))
printf '%s\n' "${summary[@]}"
if [ "$failed" != 0 ]; then
    printf '%d of %d failed\n' "$failed" $((${#summary[@]}))
    exit 1
fi
