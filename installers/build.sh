#!/usr/bin/env bash
# Builds a package from this clone into dist/, and checks it. It leaves no process behind.
#
#   bash installers/build.sh wheel      a wheel: installed without Qt, and with the window
set -euo pipefail
# shellcheck source=setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"
# shellcheck source=check_installed.sh
source "$ROOT/installers/check_installed.sh"

DIST="$ROOT/dist"
SOURCES=(pyproject.toml README.md LICENSE NOTICES.md session_host gui resources)

usage() { sed -n '2,4s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# Copies the sources, so that a build finds no files of a former one.
copy_sources() {
    mkdir -- "$WORK/source"
    tar -C "$ROOT" --exclude=__pycache__ --exclude='*.egg-info' -cf - -- "${SOURCES[@]}" | tar -C "$WORK/source" -xf -
}

# make_environment NAME PACKAGE…: a fresh environment, which pip_install then uses.
make_environment() {
    VENV="$WORK/$1"
    shift
    "$PYTHON" -m venv "$VENV" >>"$LOG" 2>&1 </dev/null || fail "$PYTHON -m venv failed. Details: $LOG"
    pip_install "$@"
}

build_wheel() {
    copy_sources
    make_environment builder setuptools
    pip_install --no-build-isolation "$WORK/source[build]"
    rm -rf -- "$WORK/source/build" "$WORK"/source/*.egg-info
    (cd -- "$WORK/source" && "$VENV/bin/python" -P "$ROOT/installers/command_line_files.py" share) ||
        fail "the man page and the completions cannot be written"
    mkdir -p -- "$DIST" "$WORK/wheel"
    "$VENV/bin/python" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$WORK/wheel" "$WORK/source" \
        >>"$LOG" 2>&1 </dev/null || fail "the wheel could not be built ($(last_error)). Details: $LOG"
    WHEEL="$DIST/$(cd -- "$WORK/wheel" && echo outlive-*.whl)"
    mv -f -- "$WORK/wheel/"outlive-*.whl "$WHEEL"
    say "built $WHEEL"
}

check_wheel() {
    say "checking the wheel without the window"
    make_environment base "$WHEEL"
    check_has_no_qt "$VENV/bin/python"
    check_resources "$VENV/bin/python" "$WORK/source/resources"
    check_command_line_files "$VENV"
    check_commands "$VENV/bin/outlive"
    check_says_how_to_add_the_window "$VENV/bin/outlive"
    say "checking the wheel with the window"
    make_environment window "$WHEEL[window]"
    check_window "$VENV/bin/outlive"
}

# The end, however it came: no process is left, nor a file but the package.
finish() {
    local code=$?
    end_processes || code=1
    rm -rf -- "$WORK"
    exit $code
}

case "${1:-}" in
    wheel) ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
esac

exec </dev/null
prepare_shell
find_python build
setup_system "${WINDOW_PACKAGES[@]}" xvfb "${PYTHON_PACKAGES[@]}"
require_python
WORK="$(mktemp -d "${TMPDIR:-/tmp}/outlive-build.XXXXXX")"
trap finish EXIT
: >"$LOG"
use_private_directories "$WORK"
build_wheel
check_wheel
say "the wheel is sound: $WHEEL"
