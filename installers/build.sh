#!/usr/bin/env bash
# Builds packages from this clone into dist/. It leaves no process behind.
#
#   bash installers/build.sh wheel     a wheel: installed without Qt, and with the window, and tried
#   bash installers/build.sh deb       a package for this Debian or Ubuntu
#   bash installers/build.sh all       these, the sources, a package for rpm, and a PKGBUILD: all that a release has
#   bash installers/build.sh tree DIR  the files of the packages, below DIR: what PKGBUILD runs
set -euo pipefail
# shellcheck source=setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"
# shellcheck source=check_installed.sh
source "$ROOT/installers/check_installed.sh"
# shellcheck source=packages/tree.sh
source "$ROOT/installers/packages/tree.sh"
# shellcheck source=packages/formats.sh
source "$ROOT/installers/packages/formats.sh"

DIST="${OUTLIVE_DIST:-$ROOT/dist}"
SOURCES=(pyproject.toml README.md LICENSE NOTICES.md CHANGELOG.md session_host gui resources installers)

usage() { sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# Copies the sources, so that a build finds no files of an earlier one.
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
}

# make_environment NAME PACKAGE…: a fresh environment, which pip_install then uses.
make_environment() {
    VENV="$WORK/$1"
    shift
    "$PYTHON" -m venv "$VENV" >>"$LOG" 2>&1 </dev/null || fail "$PYTHON -m venv failed. Details: $LOG"
    pip_install "$@"
}

# build_wheel: from the archive of the sources. Sets SDIST and WHEEL.
build_wheel() {
    say "building the sources and the wheel"
    copy_sources
    make_environment builder setuptools
    pip_install --no-build-isolation "$WORK/source[build]"
    rm -rf -- "$WORK/source/build" "$WORK"/source/*.egg-info
    (cd -- "$WORK/source" && "$VENV/bin/python" -P "$ROOT/installers/command_line_files.py" share) ||
        fail "the man page and the completions cannot be written"
    printf 'graft installers\ngraft share\ninclude CHANGELOG.md\nglobal-exclude __pycache__/*\n' >"$WORK/source/MANIFEST.in"
    mkdir -p -- "$WORK/wheel"
    (cd -- "$WORK/source" && "$VENV/bin/python" -P -c 'import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])' "$WORK/wheel") \
        >>"$LOG" 2>&1 </dev/null || fail "the archive of the sources could not be built. Details: $LOG"
    SDIST="$WORK/wheel/outlive-$VERSION.tar.gz"
    "$VENV/bin/python" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$WORK/wheel" "$SDIST" \
        >>"$LOG" 2>&1 </dev/null || fail "the wheel could not be built ($(last_error)). Details: $LOG"
    WHEEL="$WORK/wheel/outlive-$VERSION-py3-none-any.whl"
}

# keep FILE: puts it into DIST.
keep() {
    mkdir -p -- "$DIST"
    cp -f -- "$1" "$DIST/"
    say "built $DIST/${1##*/}"
}

check_wheel() {
    say "checking the wheel without the window"
    make_environment base-wheel "$WHEEL"
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

# The end, however it came: no process is left, nor a file but the packages.
finish() {
    local code=$?
    end_processes || code=1
    rm -rf -- "$WORK"
    exit $code
}

KIND="${1:-}"
packages=()
case "$#:$KIND" in
    1:wheel) packages=(xvfb) ;;
    1:deb) ;;
    1:all) packages=(xvfb rpm) ;;
    2:tree) TREE="$(realpath -m -- "$2")" ;;
    1:-h | 1:--help)
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
if [ "$KIND" = wheel ]; then
    find_python build
else
    PYTHON="$(readlink -f /usr/bin/python3)" # the packages need the system's
    has_venv || PYTHON_PACKAGES=(python3-venv)
fi
setup_system "${WINDOW_PACKAGES[@]}" "${packages[@]}" "${PYTHON_PACKAGES[@]}"
require_python
if [ "$KIND" = deb ] || [ "$KIND" = all ]; then
    command -v dpkg-deb >/dev/null || fail "a Debian package is built on Debian or Ubuntu"
fi
WORK="$(mktemp -d "${TMPDIR:-/tmp}/outlive-build.XXXXXX")"
trap finish EXIT
: >"$LOG"
use_private_directories "$WORK"
VERSION="$(clone_version)"
build_wheel
if [ "$KIND" = wheel ] || [ "$KIND" = all ]; then
    check_wheel
    keep "$WHEEL"
fi
case "$KIND" in
    deb)
        build_tree "$WORK/tree" "$VERSION"
        build_deb "$WORK/tree" "$VERSION"
        ;;
    all)
        build_tree "$WORK/tree" "$VERSION"
        build_deb "$WORK/tree" "$VERSION"
        build_rpm "$WORK/tree" "$VERSION"
        keep "$SDIST"
        build_arch "$SDIST" "$VERSION"
        ;;
    tree) build_tree "$TREE" "$VERSION" ;;
esac
