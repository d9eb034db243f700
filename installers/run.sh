#!/usr/bin/env bash
# Sets Outlive up in this clone, and opens it. Without a display: `outlive demo`, the same off screen.
#
#   bash installers/run.sh [--setup-only | --link | ARGUMENTS OF outlive…]
#
# --link makes ~/.local/bin/outlive a link to this clone's command, and touches nothing else there.
set -euo pipefail
# shellcheck source=setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

case "${1:-}" in
    -h | --help)
        sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
        exit 0
        ;;
    --link)
        link_command
        exit 0
        ;;
esac

prepare_shell
packages=("${WINDOW_PACKAGES[@]}")
has_display=yes
if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    has_display=
    packages+=(xvfb)
fi
find_python run
setup_system "${packages[@]}" "${PYTHON_PACKAGES[@]}"
setup_environment run
release_lock

if [ "${1:-}" = --setup-only ]; then
    say "Outlive is set up; start it with: $VENV/bin/outlive"
    [ -e "$LINK" ] || say "to have the command outlive in each shell: bash $(printf '%q' "$ROOT/installers/run.sh") --link"
    exit 0
fi
if [ $# -gt 0 ]; then exec "$VENV/bin/outlive" "$@"; fi
if [ -n "$has_display" ]; then exec "$VENV/bin/outlive"; fi
say "no display: showing Outlive off screen (outlive demo)"
# git ignores out/; a test refuses any other new folder in the clone.
exec "$VENV/bin/outlive" demo --output "$ROOT/out/demo"
