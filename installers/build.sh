#!/usr/bin/env bash
# Builds a package from this clone into dist/, and checks it. It leaves no process behind.
#
#   bash installers/build.sh wheel          a wheel: installed without Qt, and with the window
#   bash installers/build.sh deb [--check]  a package for this Debian or Ubuntu; --check tries it in a clean system (root, debootstrap, network)
set -euo pipefail
# shellcheck source=setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"
# shellcheck source=check_installed.sh
source "$ROOT/installers/check_installed.sh"
# shellcheck source=deb/package.sh
source "$ROOT/installers/deb/package.sh"
# shellcheck source=deb/check.sh
source "$ROOT/installers/deb/check.sh"

DIST="$ROOT/dist"
SOURCES=(pyproject.toml README.md LICENSE NOTICES.md session_host gui resources)

usage() { sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# Copies the sources, so that a build finds no files of an earlier one. VERSION takes the place of the clone's.
copy_sources() {
    local why
    rm -rf -- "$WORK/source"
    mkdir -- "$WORK/source"
    tar -C "$ROOT" --exclude=__pycache__ --exclude='*.egg-info' -cf - -- "${SOURCES[@]}" 2>>"$LOG" |
        tar -C "$WORK/source" -xf - 2>>"$LOG" || {
        # Of the first file, tar says only how much of it was written.
        why="$(grep -m 1 -o 'No space left on device' "$LOG" || sed -n 's/^tar: .*: //p' "$LOG" | head -n 1)"
        fail "the sources cannot be copied to $WORK ($why); TMPDIR names another directory. Details: $LOG"
    }
    sed -i "s/^VERSION = \".*\"/VERSION = \"$1\"/" "$WORK/source/session_host/version.py"
}

clone_version() { sed -n 's/^VERSION = "\(.*\)"/\1/p' "$ROOT/session_host/version.py"; }

# make_environment NAME PACKAGE…: a fresh environment, which pip_install then uses.
make_environment() {
    VENV="$WORK/$1"
    shift
    "$PYTHON" -m venv "$VENV" >>"$LOG" 2>&1 </dev/null || fail "$PYTHON -m venv failed. Details: $LOG"
    pip_install "$@"
}

# build_wheel VERSION: sets WHEEL.
build_wheel() {
    copy_sources "$1"
    make_environment builder setuptools
    pip_install --no-build-isolation "$WORK/source[build]"
    rm -rf -- "$WORK/source/build" "$WORK"/source/*.egg-info
    (cd -- "$WORK/source" && "$VENV/bin/python" -P "$ROOT/installers/command_line_files.py" share) ||
        fail "the man page and the completions cannot be written"
    mkdir -p -- "$WORK/wheel"
    "$VENV/bin/python" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$WORK/wheel" "$WORK/source" \
        >>"$LOG" 2>&1 </dev/null || fail "the wheel could not be built ($(last_error)). Details: $LOG"
    WHEEL="$WORK/wheel/outlive-$1-py3-none-any.whl"
}

keep_wheel() {
    mkdir -p -- "$DIST"
    mv -f -- "$WHEEL" "$DIST/"
    WHEEL="$DIST/${WHEEL##*/}"
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
    check_guide "$VENV/bin/python"
    check_window "$VENV/bin/outlive"
}

# The end, however it came: no process is left, nor a file but the package.
finish() {
    local code=$?
    end_processes || code=1
    rm -rf -- "$WORK"
    exit $code
}

case "$*" in
    wheel | deb | 'deb --check') ;;
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
if [ "$1" = deb ]; then
    require_deb_tools
    setup_system "${WINDOW_PACKAGES[@]}"
else
    find_python build
    setup_system "${WINDOW_PACKAGES[@]}" xvfb "${PYTHON_PACKAGES[@]}"
    require_python
fi
WORK="$(mktemp -d "${TMPDIR:-/tmp}/outlive-build.XXXXXX")"
trap finish EXIT
: >"$LOG"
use_private_directories "$WORK"
VERSION="$(clone_version)"
build_wheel "$VERSION"
if [ "$1" = wheel ]; then
    keep_wheel
    check_wheel
    say "the wheel is sound: $WHEEL"
    exit 0
fi
build_deb "$VERSION"
[ "${2:-}" = --check ] || exit 0
if ! can_check; then
    say "NOT CHECKED: $WHY_NOT"
    exit 0
fi
# A later version, for the upgrade.
built=$DEB
DIST=$WORK/later
build_wheel "$VERSION.post1"
build_deb "$VERSION.post1"
later=$DEB
DIST=$ROOT/dist
check_deb "$built" "$later"
say "the package is sound: $built"
